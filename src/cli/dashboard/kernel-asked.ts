import type { Now } from '../../analysis/activity.ts';
import type { ProcessCall } from '../../sources/live/process-call.ts';
import type { ProcessSight } from '../../sources/live/sights.ts';

/**
 * What the kernel says that processes are in: asked for those of which the trace told something new since the last
 * time; of the others the look that was made anyhow within the last second says it. Of 200 idle workers each question
 * would be 200 files.
 */
export class KernelAsked {
  readonly #ask: (pid: number) => ProcessCall | null;
  #told = new Map<number, Now['sinceMs']>();

  constructor(ask: (pid: number) => ProcessCall | null) {
    this.#ask = ask;
  }

  /** For one look at these workers; `sights` is what the last look showed. */
  about(workers: ReadonlyMap<number, Now>, sights: readonly ProcessSight[]): (pid: number) => ProcessCall | null {
    const before = this.#told;
    this.#told = new Map([...workers].map(([pid, { sinceMs }]) => [pid, sinceMs]));
    const seen = new Map(sights.map((sight) => [sight.pid, sight]));
    return (pid) => {
      const sight = before.get(pid) === workers.get(pid)?.sinceMs ? seen.get(pid) : undefined;
      const first = sight?.threads.find(({ tid }) => tid === pid);
      if (first === undefined) return this.#ask(pid);
      return { isRunning: first.call === '', call: first.call, first: Number.parseInt(first.args[0] ?? '0', 16) };
    };
  }
}

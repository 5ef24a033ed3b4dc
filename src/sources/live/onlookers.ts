import { existsSync } from 'node:fs';
import { codePlace, tellingFrame } from '../../trace/code-frame.ts';
import type { CodeWatch } from './code/code-watch.ts';
import { CostMeter } from './cost-meter.ts';
import type { Engine } from './engine.ts';
import type { KernelWatch } from './kernel-watch.ts';
import { LossLog } from './loss-log.ts';
import { type ProcessFacts, readStartTicks } from './process-facts.ts';
import { codeLines, costLine, sightLines } from './sight-lines.ts';
import type { ProcessSight, ThreadSight } from './sights.ts';

/** On a host with many programs in the kernel each of them is read. */
const COST_EVERY = 850e6;

/** Who may look beside the tracer; null where nobody does. */
interface Looking {
  readonly watch: KernelWatch | null;
  readonly code: CodeWatch | null;
  /** Processes of the server that another tracer has. */
  readonly beside?: readonly ProcessFacts[];
}

/** What is known of threads at this moment, as lines of the capture's format. */
export interface SightsNow {
  readonly lines: string;
  /** How long before the last look a thread was seen in something else, by number; nanoseconds. */
  readonly elsewhere: ReadonlyMap<number, number>;
}

/**
 * What is seen beside the tracer while it works, and which lines of the capture say so: the kernel's word on each
 * process, the code of stuck ones, events that the tracer lost, and what tracing costs.
 */
export class Onlookers {
  readonly #engine: Engine;
  readonly #watch: KernelWatch | null;
  readonly #code: CodeWatch | null;
  readonly #losses: LossLog;
  readonly #beside: ReadonlyMap<number, number>;
  #meter: CostMeter | null = null;
  #costDue = 0;
  /** On the clock of the watch. */
  #from = 0;

  /** `log` is what the tracer says of itself. */
  constructor(engine: Engine, log: string, { watch, code, beside = [] }: Looking) {
    this.#engine = engine;
    this.#watch = watch;
    this.#code = code;
    this.#losses = new LossLog(log);
    this.#beside = new Map(beside.map(({ pid, startTicks }) => [pid, startTicks]));
  }

  /** The tracer traces from now on. */
  begin(tracerPid: number, pids: readonly number[]): void {
    this.#meter = new CostMeter({ tracerPid, hasPrograms: this.#engine.name === 'bpftrace' });
    this.#from = now();
    this.look(pids);
  }

  /** Once a second, or more often. */
  look(pids: readonly number[]): void {
    this.#watch?.look(this.#withBeside(pids));
    this.#code?.look(this.sights);
    if (now() < this.#costDue) return;
    this.#costDue = now() + COST_EVERY;
    this.#meter?.look();
  }

  /** What the kernel says once more, when the tracer is asked to end. */
  lookLast(pids: readonly number[]): void {
    this.#watch?.look(this.#withBeside(pids));
    this.#meter?.look();
  }

  /** More often: events that were lost are told with the moment at which somebody saw that they were. */
  lookForLosses(): void {
    if (this.#engine.lost !== undefined) this.#losses.look(now());
  }

  /** Nothing of the capture before `at` is kept. */
  forgetBefore(at: number): void {
    this.#losses.forget(at);
  }

  /** Every look that was begun is over. */
  async settle(): Promise<void> {
    await this.#code?.settle();
    this.lookForLosses();
  }

  /** What the kernel said of each process at the last look; empty where nobody looks. */
  get sights(): readonly ProcessSight[] {
    const seen = this.#watch?.processes ?? [];
    if (this.#beside.size === 0) return seen;
    // Of who is not traced nothing is known but that it is held: what it serves while it is not, nobody recorded.
    return seen.filter(({ pid, threads }) => !this.#beside.has(pid) || threads.some(({ held }) => held === 'traced'));
  }

  #withBeside(pids: readonly number[]): readonly number[] {
    const living = [...this.#beside].flatMap(([pid, startTicks]) => (readStartTicks(pid) === startTicks ? [pid] : []));
    return living.length === 0 ? pids : [...pids, ...living];
  }

  /** The same without what was before the capture: while a program is compiled a thread may have been looked at. */
  get sightsInCapture(): readonly ProcessSight[] {
    return this.#inCapture(this.sights);
  }

  #inCapture(sights: readonly ProcessSight[]): readonly ProcessSight[] {
    const from = this.#from;
    return sights.map((sight) => ({
      ...sight,
      threads: sight.threads.map((thread) => ({
        ...thread,
        since: Math.max(thread.since, from),
        before: Math.max(thread.before, from),
      })),
    }));
  }

  /** Events that the tracer said beside the capture it had lost. */
  get lost(): number {
    return this.#losses.total;
  }

  /** What tracing costs now, percent of one processor; null before anything was measured. */
  get costPercent(): number | null {
    return this.#meter?.percent ?? null;
  }

  /** The same over the last ten seconds; 0 before that. */
  get recentCostPercent(): number {
    return this.#meter?.recentPercent ?? 0;
  }

  /** The code that a thread was seen in since it left its wait, `app.py:12 application()`; '' when none was. */
  codeOf(thread: ThreadSight): string {
    const frame = tellingFrame(this.#code?.now(thread)?.frames ?? []);
    return frame === null ? '' : codePlace(frame);
  }

  /** Lines of the calls that are open now, where the capture shows them at its end only. */
  openLines(): string {
    return this.#engine.open?.(this.sightsInCapture) ?? '';
  }

  lossLines(): string {
    return this.#engine.lost?.(this.#losses.losses) ?? '';
  }

  /** What would be told of threads that live if the capture ended now. */
  sightsNow(): SightsNow {
    // The trace may have told the end of the others by now.
    const living = this.sights.map((sight) => ({
      ...sight,
      threads: sight.threads.filter(({ tid }) => existsSync(`/proc/${sight.pid}/task/${tid}`)),
    }));
    const notation = this.#engine.sights;
    const open = this.#engine.open?.(this.#inCapture(living)) ?? '';
    const code = codeLines(this.#code?.seen ?? [], notation);
    const elsewhere = living.flatMap(({ threads }) =>
      threads.filter(({ isFromStart }) => !isFromStart).map(({ tid, at, before }) => [tid, at - before] as const),
    );
    const seen = sightLines(living, { notation, from: this.#from, queue: 'now' });
    return {
      lines: `${this.#engine.start?.() ?? ''}${open}${code}${seen}`,
      elsewhere: new Map(elsewhere),
    };
  }

  /** Lines of what was seen since `from`, on the clock of the watch; as a rule since the beginning. */
  sightLines(from = this.#from): string {
    const notation = this.#engine.sights;
    const seen = this.#code?.seen.filter((sight) => sight.from >= from) ?? [];
    const cost = this.#meter === null ? '' : costLine(this.#meter.total, notation);
    return codeLines(seen, notation) + sightLines(this.sights, { notation, from }) + cost;
  }
}

/** Nanoseconds on the clock of the watch, CLOCK_MONOTONIC. */
function now(): number {
  return Number(process.hrtime.bigint());
}

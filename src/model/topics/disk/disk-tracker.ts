import type { Call } from '../../../trace/record.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import type { FactBus } from '../../fact-bus.ts';
import { type Descriptor, describeTarget } from '../../machine/descriptors.ts';
import type { LeftIn } from '../../machine/left-in.ts';
import type { Thread } from '../../machine/thread.ts';

/**
 * Follows calls that wait until a disk has what was written: `fsync`, `fdatasync`, `sync_file_range`, `msync`, `sync`.
 */
export class DiskTracker {
  readonly #facts: FactBus;
  readonly #inWindow: (time: Nanoseconds) => boolean;

  constructor(facts: FactBus, inWindow: (time: Nanoseconds) => boolean) {
    this.#facts = facts;
    this.#inWindow = inWindow;
  }

  synced(call: Call, thread: Thread): void {
    if (call.duration < 0 || !this.#inWindow(call.end)) return;
    const descriptor: Descriptor | undefined =
      call.fd < 0 ? undefined : thread.process.descriptors.learn(call.fd, call.arguments);
    this.#facts.tell('diskSync', {
      thread,
      record: call,
      target: call.fd < 0 ? '' : describeTarget(call.fd, descriptor),
    });
  }

  /** A sync that had not come back at the end of the trace, as one that lasted up to there. */
  stillSyncs(call: Call, thread: Thread, { target }: LeftIn): void {
    if (this.#inWindow(call.end)) this.#facts.tell('diskSync', { thread, record: call, target });
  }
}

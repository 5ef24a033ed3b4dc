import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import { type Descriptor, describeTarget } from '../../machine/descriptors.ts';
import type { LeftIn } from '../../machine/left-in.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';

/** A call returned once the disk had what was written. */
export interface DiskSync {
  readonly thread: ThreadView;
  /** Valid while the fact is told. */
  readonly record: Call;
  /** The file, '' for calls that name none. */
  readonly target: string;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    diskSync: DiskSync;
  }
}

/**
 * Follows calls that wait until a disk has what was written: `fsync`, `fdatasync`, `sync_file_range`, `msync`, `sync`.
 */
export class DiskTracker extends TrackerBase implements Tracker {
  hears({ family }: Syscall): Heard | undefined {
    return family === 'sync' ? (call, thread) => this.#synced(call, thread) : undefined;
  }

  #synced(call: Call, thread: Thread): void {
    if (call.duration < 0 || !this.inWindow(call.end)) return;
    const descriptor: Descriptor | undefined =
      call.fd < 0 ? undefined : thread.process.descriptors.learn(call.fd, call.arguments);
    this.facts.tell('diskSync', {
      thread,
      record: call,
      target: call.fd < 0 ? '' : describeTarget(call.fd, descriptor),
    });
  }

  /** A sync that had not come back at the end of the capture, as one that lasted up to there. */
  leftOpen(call: Call, thread: Thread, { target }: LeftIn): void {
    if (call.syscall.family === 'sync' && this.inWindow(call.end))
      this.facts.tell('diskSync', { thread, record: call, target });
  }
}

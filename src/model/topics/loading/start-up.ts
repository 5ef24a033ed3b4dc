import type { Call } from '../../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import { LazySet } from '../../machine/lazy-set.ts';
import { PrivateMemory } from './private-memory.ts';

/**
 * What a process loads from its beginning, a fork or an `execve`, until it accepts or waits for its listener the first
 * time.
 */
export class StartUp {
  /** The modules it opened, by their number in the ModuleTracker. */
  readonly modules = new LazySet<number>();
  /** Entry of the first call that opened one, and its line. */
  firstAt: Nanoseconds = UNKNOWN;
  firstLine: KeptLine | null = null;
  /** The last one. */
  lastLine: KeptLine | null = null;
  memory = new PrivateMemory();
  /** It runs a program of its own since its fork: nothing that its parent loaded could have been shared. */
  executed = false;
  /** Modules that its parent had loaded when it was forked; UNKNOWN when that was not traced. */
  inherited = UNKNOWN;

  /** Takes over where the parent's heap ended, and what it had loaded. */
  forkedFrom(parent: StartUp | null): void {
    if (parent === null) return;
    this.inherited = parent.modules.size;
    if (!this.memory.seen) this.memory = new PrivateMemory(parent.memory.heapEnd);
  }

  opened(module: number, call: Call): void {
    if (this.modules.has(module)) return;
    this.modules.add(module);
    const line = keptLine(call);
    if (this.firstLine === null) {
      this.firstAt = call.start;
      this.firstLine = line;
    }
    this.lastLine = line;
  }
}

import type { Call } from '../../../trace/record.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import type { FactBus } from '../../fact-bus.ts';
import type { Request } from '../../machine/connections.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import type { Thread } from '../../machine/thread.ts';
import { isProgramFile, moduleOf } from './program-files.ts';
import { RequestImports } from './request-imports.ts';

/** Names of modules kept; further ones share the last number. */
const MOST_MODULES = 20_000;

/** Follows which files of program code are opened: while a process starts, and on the way of a request. */
export class ModuleTracker {
  readonly #facts: FactBus;
  readonly #inWindow: (time: Nanoseconds) => boolean;
  readonly #numbers = new Map<string, number>();

  constructor(facts: FactBus, inWindow: (time: Nanoseconds) => boolean) {
    this.#facts = facts;
    this.#inWindow = inWindow;
  }

  /** A file was opened as `descriptor`. */
  opened(call: Call, thread: Thread, descriptor: Descriptor): void {
    const { label } = descriptor;
    if (!isProgramFile(label)) return;
    const { loop, process } = thread;
    if (loop.inTurn) loop.turn.modulesOpened++;
    if (process.boot !== null) process.boot.opened(this.#numberOf(label), call);
    // A pool thread of a capture that was attached may look like a process that never got ready.
    if (loop.owner?.inProgress) this.#imported(call, thread, loop.owner, label);
  }

  /**
   * The process accepts or waits for its listener: what it needs for that is loaded. Asked only while `process.boot` is
   * there.
   */
  ready(thread: Thread, time: Nanoseconds): void {
    const { process } = thread;
    const { boot } = process;
    if (boot === null) return;
    process.boot = null;
    if (this.#inWindow(time)) this.#facts.tell('workerReady', { thread, boot, time });
  }

  /** Between a request's first byte and its answer. */
  #imported(call: Call, thread: Thread, request: Request, path: string): void {
    if (!this.#inWindow(call.end)) return;
    request.imports ??= new RequestImports(request, thread, call);
    request.imports.add(this.#numberOf(path), path, call, thread);
    this.#facts.tell('moduleImported', request.imports);
  }

  #numberOf(path: string): number {
    const name = moduleOf(path);
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = Math.min(this.#numbers.size, MOST_MODULES);
    if (number < MOST_MODULES) this.#numbers.set(name, number);
    return number;
  }
}

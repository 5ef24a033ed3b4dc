import type { Call } from '../../../trace/record.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import type { Nanoseconds } from '../../../trace/time.ts';
import { keptLine } from '../../evidence.ts';
import type { Request } from '../../machine/connections.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { PerProcess, PerRequest } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import { runtimeLoading } from '../../machine/runtime.ts';
import type { Thread } from '../../machine/thread.ts';
import type { ThreadView } from '../../machine/views.ts';
import { type Heard, type Tracker, TrackerBase } from '../../tracker.ts';
import { isProgramFile, moduleOf } from './program-files.ts';
import { RequestImports } from './request-imports.ts';
import { StartUp } from './start-up.ts';

/** A process accepts, or waits for its listener, the first time. */
export interface WorkerReady {
  readonly thread: ThreadView;
  readonly startUp: StartUp;
  readonly time: Nanoseconds;
}

declare module '../../fact-bus.ts' {
  interface Facts {
    workerReady: WorkerReady;
    /** A module was opened on the way of a request: told anew, with the same object, for each. */
    moduleImported: RequestImports;
  }
}

/** So many program files opened in one turn are an import. */
const TELLING = 10;
/** Names of modules kept; further ones share the last number. */
const MOST_MODULES = 20_000;

/** What a process loads until it serves; null from then on, and when it has ended. */
const startUps = new PerProcess<StartUp | null>();
const imports = new PerRequest<RequestImports>();

function startUpOf(process: Process): StartUp | null {
  const known = startUps.of(process);
  return known === undefined ? startUps.set(process, new StartUp()) : known;
}

/** Follows which files of program code are opened: while a process starts, and on the way of a request. */
export class ModuleTracker extends TrackerBase implements Tracker {
  readonly #numbers = new Map<string, number>();

  hears({ family }: Syscall): Heard | undefined {
    return family === 'memory' ? (call, thread) => startUpOf(thread.process)?.memory.called(call) : undefined;
  }

  /** A file was opened as `descriptor`. */
  opened(call: Call, thread: Thread, descriptor: Descriptor): void {
    const { label } = descriptor;
    if (call.syscall.family !== 'open' || !isProgramFile(label)) return;
    const { loop, process } = thread;
    if (loop.inTurn && ++loop.turn.modulesOpened === TELLING) loop.turn.moduleLine = keptLine(call);
    if (process.loaded === 'unknown') process.loaded = runtimeLoading(label);
    startUpOf(process)?.opened(this.#numberOf(label), call);
    // A pool thread of a capture that was attached may look like a process that never got ready.
    if (loop.owner?.inProgress) this.#imported(call, thread, loop.owner, label);
  }

  /** What a process needs to serve is loaded. */
  serving(thread: Thread, time: Nanoseconds): void {
    const { process } = thread;
    const startUp = startUpOf(process);
    if (startUp === null) return;
    startUps.set(process, null);
    if (this.inWindow(time)) this.facts.tell('workerReady', { thread, startUp, time });
  }

  /** Takes over where the parent's heap ended, and what it had loaded. */
  forked(child: Process, parent: Process): void {
    child.loaded = parent.loaded;
    startUpOf(child)?.forkedFrom(startUpOf(parent));
  }

  executed(process: Process): void {
    process.loaded = 'unknown';
    if (startUps.of(process) === null) return;
    const startUp = new StartUp();
    startUp.executed = true;
    startUps.set(process, startUp);
  }

  processEnded(process: Process): void {
    startUps.set(process, null);
  }

  /** Between a request's first byte and its answer. */
  #imported(call: Call, thread: Thread, request: Request, path: string): void {
    if (!this.inWindow(call.end)) return;
    const found = imports.of(request) ?? imports.set(request, new RequestImports(request, thread, call));
    found.add(this.#numberOf(path), path, call, thread);
    this.facts.tell('moduleImported', found);
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

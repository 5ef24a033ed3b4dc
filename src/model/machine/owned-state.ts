import type { Connection, Request } from './connections.ts';
import type { Descriptor } from './descriptors.ts';
import { OWNS_NOTHING, type Owner } from './owner.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/**
 * The state that one tracker keeps for each object of a kind, made on demand. It stands in a place of the object itself
 * and goes with it: nothing is to be cleaned up, a thread that moves to another lane keeps it, and looking it up costs
 * an index. A tracker makes its table once, outside its class, and nobody else writes to it.
 */
abstract class OwnedState<Of extends Owner, T> {
  protected readonly place: number;

  constructor(place: number) {
    this.place = place;
  }

  /** undefined where nothing was kept yet. Each class has its own: code that sees one kind of object is faster. */
  abstract of(owner: Of): T | undefined;

  set(owner: Of, state: T): T {
    // All are as long and of one kind, which keeps looking up fast.
    if (owner.owned === OWNS_NOTHING) owner.owned = OWNS_NOTHING.slice();
    const { owned } = owner;
    while (owned.length <= this.place) owned.push(undefined);
    owned[this.place] = state;
    return state;
  }

  /** Nothing is kept from now on. */
  clear(owner: Of): void {
    if (this.of(owner) !== undefined) owner.owned[this.place] = undefined;
  }
}

/** How many tables there are for each kind: they are made when their modules are loaded. */
const places = { thread: 0, process: 0, descriptor: 0, connection: 0, request: 0 };

/** State of a thread, for as long as anybody keeps the thread. */
export class PerThread<T> extends OwnedState<Thread, T> {
  constructor() {
    super(places.thread++);
  }

  override of(thread: Thread): T | undefined {
    return thread.owned[this.place] as T | undefined;
  }
}

/** State of a process. Of processes that turn out to be one, the trackers merge theirs when they hear of it. */
export class PerProcess<T> extends OwnedState<Process, T> {
  constructor() {
    super(places.process++);
  }

  override of(process: Process): T | undefined {
    return process.owned[this.place] as T | undefined;
  }
}

/** State of an open file description, whichever numbers and processes it has. */
export class PerDescriptor<T> extends OwnedState<Descriptor, T> {
  constructor() {
    super(places.descriptor++);
  }

  override of(descriptor: Descriptor): T | undefined {
    return descriptor.owned[this.place] as T | undefined;
  }
}

/** State of a connection. */
export class PerConnection<T> extends OwnedState<Connection, T> {
  constructor() {
    super(places.connection++);
  }

  override of(connection: Connection): T | undefined {
    return connection.owned[this.place] as T | undefined;
  }
}

/** State of a request on a connection. */
export class PerRequest<T> extends OwnedState<Request, T> {
  constructor() {
    super(places.request++);
  }

  override of(request: Request): T | undefined {
    return request.owned[this.place] as T | undefined;
  }
}

import { acceptedBy } from './accepted-by.ts';
import type { Connection, Socket } from './connections.ts';
import { PerProcess } from './owned-state.ts';
import type { Process } from './process.ts';

/**
 * Whom a process serves that accepts nobody itself: what tells a process that was forked for one connection from one
 * that has many.
 */
export class Clientele {
  /** Who accepted the first client, if that was another process: this one got it with its fork. */
  from: Process | null = null;
  #first: Connection | null = null;
  /** It served a second one that another process had accepted. */
  isSeveral = false;
  /** A socket that was open before the capture and brought something. */
  #talksOn: Socket | null = null;
  /** There was a second one. */
  #talksOnSeveral = false;

  /** It reads or writes a connection that another process accepted. */
  serves(connection: Connection): void {
    if (this.#first === connection) return;
    if (this.#first === null && this.from === null) {
      this.#first = connection;
      this.from = acceptedBy(connection).process;
    } else this.isSeveral = true;
  }

  /** Something arrived on a socket of which the capture shows no opening. */
  hears(socket: Socket): void {
    this.#talksOn ??= socket;
    if (this.#talksOn !== socket) this.#talksOnSeveral = true;
  }

  /** It was heard on one socket of unknown origin, and on no other. */
  get talksOnOne(): boolean {
    return this.#talksOn !== null && !this.#talksOnSeveral;
  }

  /** Takes over what is known of `other`, which turned out to be the same process as `own`. */
  absorb(other: Clientele, own: Process): void {
    if (other.#first !== null) this.serves(other.#first);
    if (other.#talksOn !== null) this.hears(other.#talksOn);
    this.isSeveral ||= other.isSeveral;
    this.#talksOnSeveral ||= other.#talksOnSeveral;
    if (this.from !== own) return;
    this.from = null;
    this.#first = null;
  }

  /** The process has ended: its connection goes, what is known of it stays. */
  end(): void {
    this.#first = null;
  }
}

const clienteles = new PerProcess<Clientele>();

/** Whom that process serves. */
export function clienteleOf(process: Process): Clientele {
  return clienteles.of(process) ?? clienteles.set(process, new Clientele());
}

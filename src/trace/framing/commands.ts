import type { RequestStart } from '../payload.ts';
import type { Framing } from './framing.ts';

/** One command as far as the bytes show it. */
export interface Command {
  /** What is asked, without any value: `SET`, `CONFIG GET`; '' for what is no request, such as an empty line. */
  readonly name: string;
  /** Where the next one begins; it may lie behind the bytes. */
  readonly end: number;
  /** It is not answered soon, or not at all: its client may leave in the meantime. */
  readonly mayStayOpen: boolean;
}

/** What one protocol says of its commands. */
export interface Grammar {
  /** The command that begins at this place; null where its end cannot be told from these bytes. */
  commandAt(bytes: string, at: number): Command | null;
  /** The name of a command that begins here and of which the end is not in the bytes; '' where there is none. */
  nameAt(bytes: string, at: number): string;
  /** The first place at which a command begins; -1 for none. */
  nextFrom(bytes: string): number;
}

/** A command that is longer than this, and in pieces, is not put together. */
const LONGEST_PIECE = 4_096;
/** Different commands of one read that are named. */
const MOST_NAMED = 3;

/**
 * Commands that come one after the other, many in one read if the client likes. A trace shows the first bytes of a read
 * only: how many commands the rest holds is an estimate from the length of those that can be read.
 */
export class Commands implements Framing {
  readonly isEncrypted = false;
  /** The next command may come before the answer. */
  readonly isMultiplexed = true;
  /** What the commands of the last read ask for, `GET, SET`. */
  start: RequestStart | null = null;
  readonly #grammar: Grammar;
  /** Bytes of a value that are still to come. */
  #remaining = 0;
  /** A command of which the rest comes with the next read. */
  #piece = '';
  /** The last read ended where nobody knows what. */
  #isLost = false;
  /** Bytes of a command, on average. */
  #length = 0;

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
  }

  begun(bytes: string, size: number): number {
    this.start = null;
    const rest = Math.min(this.#remaining, size);
    this.#remaining -= rest;
    if (rest === size) return 0;
    const piece = this.#piece;
    this.#piece = '';
    return this.#countIn(piece + bytes.slice(rest), piece.length + size - rest);
  }

  /** The commands that begin in this text, the first bytes of so many. */
  #countIn(text: string, size: number): number {
    const names = new Set<string>();
    let mayStayOpen = false;
    let count = 0;
    const found = this.#isLost ? this.#grammar.nextFrom(text) : 0;
    this.#isLost = found < 0;
    const first = Math.max(0, found);
    let at = first;
    while (at < size && !this.#isLost) {
      const command = this.#grammar.commandAt(text, at);
      if (command === null) break;
      if (command.name !== '') {
        count++;
        names.add(command.name);
        ({ mayStayOpen } = command);
      }
      at = command.end;
    }
    if (at > size) this.#remaining = at - size;
    else if (at < size && text.length === size && size - at <= LONGEST_PIECE && !this.#isLost)
      this.#piece = text.slice(at);
    else if (at < size) {
      if (count > 0) this.#length = (at - first) / count;
      const name = this.#isLost ? '' : this.#grammar.nameAt(text, at);
      if (name !== '') names.add(name);
      // One that begins the read may be as long as all of it.
      const hidden = (count > 0 || this.#isLost) && this.#length > 0 ? Math.round((size - at) / this.#length) : 0;
      count += Math.max(hidden, this.#isLost ? 0 : 1);
      this.#isLost = true;
    }
    if (names.size > 0) this.start = startOf([...names], mayStayOpen);
    return count;
  }
}

function startOf(names: readonly string[], mayStayOpen: boolean): RequestStart {
  const more = names.length > MOST_NAMED ? ', …' : '';
  // The same command comes often: that it comes again tells nothing.
  return { line: names.slice(0, MOST_NAMED).join(', ') + more, identity: '', complete: !mayStayOpen };
}

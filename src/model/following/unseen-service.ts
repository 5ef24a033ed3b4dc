import { acceptedBy } from '../machine/accepted-by.ts';
import type { Connection, Request } from '../machine/connections.ts';
import type { Descriptor } from '../machine/descriptors.ts';
import type { Process } from '../machine/process.ts';
import type { Processes } from '../machine/processes.ts';
import { hasUnseenThreads } from '../machine/threads-of.ts';

/** So often it is asked who else uses a number, in a capture: each time all processes are looked at. */
const MOST_LOOKUPS = 4_096;

/**
 * Finds out whether a connection was served where nobody sees that it was: by a thread that is not known to be of the
 * process that accepted it, or beside all system calls.
 */
export class UnseenService {
  readonly #processes: Processes;
  #lookups = 0;

  constructor(processes: Processes) {
    this.#processes = processes;
  }

  /** Somebody else wrote under the number of a connection that nobody of its process used. */
  isServedElsewhere(connection: Connection): boolean {
    const { fd, openedAt } = connection;
    const { process } = acceptedBy(connection);
    if (process.isWhole || this.#lookups++ >= MOST_LOOKUPS) return false;
    return this.#processes.all().some((other) => {
      const descriptor = mayServe(other) && other !== process ? other.descriptors.get(fd) : undefined;
      return descriptor !== undefined && !descriptor.seenOpening && descriptor.wroteAt >= openedAt;
    });
  }

  /** A thread that accepts nothing closes what it wrote to: another process may have accepted that. */
  servedForOthers(fd: number, { seenOpening, wroteAt }: Descriptor, process: Process): void {
    if (seenOpening || !mayServe(process) || this.#lookups++ >= MOST_LOOKUPS) return;
    for (const other of this.#processes.all()) {
      const connection = other === process || other.isWhole ? null : (other.descriptors.get(fd)?.connection ?? null);
      if (connection === null || !connection.seenOpening || connection.used || connection.openedAt > wroteAt) continue;
      other.servedUnseen++;
      connection.used = true;
    }
  }

  /** The reply may have been written where the capture does not show it, or by a thread of an unknown process. */
  mayBeAnswered({ connection, readAt, hungUpAt }: Request, process: Process): boolean {
    // Who answers most of what it reads answers itself.
    const isAnswering = process.answered * 2 >= process.requests;
    if (!isAnswering && (process.usesRing || hasUnseenThreads(process))) return true;
    if (process.isWhole || connection.descriptor.socket !== '') return false;
    return this.#processes.all().some(({ isWhole, descriptors }) => {
      const descriptor = isWhole ? undefined : descriptors.get(connection.fd);
      if (descriptor === undefined || descriptor === connection.descriptor) return false;
      return descriptor.wroteAt >= readAt && descriptor.wroteAt <= hungUpAt;
    });
  }
}

/** It may be threads of a process that accepts: nobody knows whose they are, and they accept nothing themselves. */
function mayServe({ isWhole, accepted }: Process): boolean {
  return !isWhole && accepted === 0;
}

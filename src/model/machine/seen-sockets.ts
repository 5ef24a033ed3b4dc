import type { Nanoseconds } from '../../trace/time.ts';
import { type Descriptor, socketOf } from './descriptors.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';

/** So many are remembered; beyond that the oldest go. */
const MOST_SEEN = 65_536;

/** A socket that a thread opened, or on which it served a client. */
interface SeenSocket {
  readonly by: Thread;
  readonly fd: number;
  readonly descriptor: Descriptor;
  readonly at: Nanoseconds;
}

/**
 * Sockets of processes that were there when the capture began, by what `-y` prints of them. Threads of such a process
 * come without a clone that would tell whose they are. But only a thread of the same process can use a socket under the
 * same number when that socket was opened after both threads had been seen: a fork would have to be younger than the
 * socket, and one that is passed on comes by `recvmsg`.
 */
export class SeenSockets {
  readonly #bySocket = new Map<string, SeenSocket>();

  /** `thread` opened this socket at that time, or read the first request on it. */
  add(label: string, fd: number, descriptor: Descriptor, thread: Thread, at: Nanoseconds): void {
    const socket = socketOf(label);
    // The standard streams of a script may be the socket of its caller.
    if (socket === '' || fd <= 2) return;
    descriptor.socket = socket;
    if (this.#bySocket.size >= MOST_SEEN)
      for (const oldest of this.#bySocket.keys()) if (this.#bySocket.delete(oldest)) break;
    this.#bySocket.set(socket, { by: thread, fd, descriptor, at });
  }

  closed({ socket }: Descriptor): void {
    if (socket !== '') this.#bySocket.delete(socket);
  }

  /** Who has a descriptor that this thread uses under that number, when it must be a thread of the same process. */
  sharedWith(thread: Thread, fd: number, label: string): SeenSocket | null {
    if (this.#bySocket.size === 0) return null;
    const seen = this.#bySocket.get(socketOf(label));
    if (seen === undefined || seen.fd !== fd) return null;
    const { process } = thread;
    const other = seen.by.process;
    return other !== process && mayBeOne(process, other) && wasThere(process, seen.at) ? seen : null;
  }
}

function mayBeOne(process: Process, other: Process): boolean {
  return (
    !(process.isWhole || other.isWhole || (process.isNamed && other.isNamed)) &&
    process.parent !== other &&
    other.parent !== process &&
    !(process.receivesDescriptors || other.handsDescriptorsOver)
  );
}

function wasThere({ threads }: Process, at: Nanoseconds): boolean {
  return threads.some(({ firstTime }) => firstTime < at);
}

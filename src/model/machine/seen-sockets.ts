import type { Nanoseconds } from '../../trace/time.ts';
import { type Descriptor, socketOf } from './descriptors.ts';
import type { Process } from './process.ts';
import type { Thread } from './thread.ts';
import { threadsOf } from './threads-of.ts';

/** So many are remembered; beyond that the oldest go. */
const MOST_SEEN = 65_536;

/** A socket that a thread opened, or on which it served a client. */
export interface SeenSocket {
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

  find(label: string): SeenSocket | undefined {
    return this.#bySocket.size === 0 ? undefined : this.#bySocket.get(socketOf(label));
  }
}

/** Whether this thread, which uses a socket that was seen under that number, must be of the process that opened it. */
export function mustBeOne({ process }: Thread, fd: number, { by, fd: opened, at }: SeenSocket): boolean {
  return by.process !== process && opened === fd && mayBeOne(process, by.process) && wasThere(process, at);
}

/** Whether nothing says that these two are processes of their own. */
export function mayBeOne(process: Process, other: Process): boolean {
  return (
    !(process.isWhole || other.isWhole || (process.isNamed && other.isNamed)) &&
    process.parent !== other &&
    other.parent !== process &&
    !(process.receivesDescriptors || other.handsDescriptorsOver)
  );
}

function wasThere(process: Process, at: Nanoseconds): boolean {
  return threadsOf(process).some(({ firstTime }) => firstTime < at);
}

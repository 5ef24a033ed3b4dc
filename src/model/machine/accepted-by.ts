import type { Call } from '../../trace/record.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { Connection } from './connections.ts';
import type { Descriptor } from './descriptors.ts';
import type { Listener } from './listener.ts';
import { PerConnection } from './owned-state.ts';
import type { Thread } from './thread.ts';

const acceptors = new PerConnection<Thread>();

/** The thread that accepted the connection; where that was not traced, the one that was seen with it first. */
export function acceptedBy(connection: Connection): Thread {
  const thread = acceptors.of(connection);
  if (thread === undefined) throw new Error(`nobody is known to have accepted ${connection.request.name}`);
  return thread;
}

/** The connection of a successful accept of this thread. */
export function acceptedConnection(
  descriptor: Descriptor,
  fd: number,
  listener: Listener,
  thread: Thread,
  call: Pick<Call, 'end' | 'line' | 'arguments'>,
): Connection {
  const { inetAddress } = call.arguments;
  const client = inetAddress < 0 ? call.arguments.socketAddress() : inetAddress;
  return keep(
    new Connection(fd, descriptor, listener, thread.loop, call.end, call.line, client, true),
    descriptor,
    thread,
  );
}

/** A connection that this thread is seen with at a time, and whose accept was not traced. */
export function foundConnection(
  descriptor: Descriptor,
  fd: number,
  thread: Thread,
  at: Nanoseconds,
  line: number,
): Connection {
  return keep(new Connection(fd, descriptor, null, thread.loop, at, line, '', false), descriptor, thread);
}

function keep(connection: Connection, descriptor: Descriptor, thread: Thread): Connection {
  acceptors.set(connection, thread);
  descriptor.connection = connection;
  return connection;
}

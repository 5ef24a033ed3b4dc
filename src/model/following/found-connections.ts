import type { LabelledDescriptor } from '../../trace/call-arguments.ts';
import { asksPostgres } from '../../trace/framing/framing-of.ts';
import { Memcached } from '../../trace/framing/memcached.ts';
import { MySql } from '../../trace/framing/mysql.ts';
import { isRedisCommand } from '../../trace/framing/redis.ts';
import { requestStart } from '../../trace/payload.ts';
import type { Call } from '../../trace/record.ts';
import { foundConnection } from '../machine/accepted-by.ts';
import type { Connection } from '../machine/connections.ts';
import { Descriptor } from '../machine/descriptors.ts';
import type { Memberships } from '../machine/memberships.ts';
import { PerDescriptor } from '../machine/owned-state.ts';
import type { Thread } from '../machine/thread.ts';

/** Finds connections whose accept the capture does not show, by what is read from them or written to them. */
export class FoundConnections {
  readonly #memberships: Memberships;

  constructor(memberships: Memberships) {
    this.#memberships = memberships;
  }

  /** A socket of unknown origin on which a request arrives is a client that was accepted before the capture began. */
  adoptIfRequest(call: Call, thread: Thread, descriptor: Descriptor): Connection | null {
    const bytes = call.arguments.payload(64);
    if (bytes === null) return null;
    if (requestStart(bytes) !== null || asksPostgres(bytes)) return this.adopt(call, thread, descriptor);
    const head = headOfBody(call, descriptor, bytes);
    if (head !== '') {
      const session = this.adopt(call, thread, descriptor);
      session.framing = new MySql();
      session.framing.begun(head, head.length);
      return session;
    }
    const mayAnswer = descriptor.query === null && isRedisCommand(bytes);
    if (!mayAnswer && !Memcached.isSpokenIn(bytes)) return null;
    const connection = this.adopt(call, thread, descriptor);
    connection.isGuess = mayAnswer;
    return connection;
  }

  /** A client shows by what was read or written that it is one. */
  adopt(call: Call, thread: Thread, descriptor: Descriptor): Connection {
    const connection = foundConnection(descriptor, call.fd, thread, call.start, call.line);
    // A reply of HTTP/1 showed what it speaks, if no request did.
    if (call.syscall.family === 'write') connection.framing = null;
    connection.isHttp = call.syscall.family === 'write';
    const { accepts, loop } = thread;
    const { found } = accepts;
    if (found !== null && !found.closed && found.fd !== call.fd && loop.hub !== null) loop.hub.servesSeveral = true;
    accepts.found = connection;
    if (!thread.process.isWhole)
      this.#memberships.sockets.add(descriptor.label, call.fd, descriptor, thread, call.start);
    return connection;
  }
}

/**
 * Without `-y` nothing names what was open before the capture. Who receives a statement of PostgreSQL or MySQL there
 * has a socket, and a client of its own: no server sends these bytes.
 */
export function bringsStatement(call: Call, descriptor: Descriptor): boolean {
  if (descriptor.label !== '' || descriptor.seenOpening || !call.syscall.name.startsWith('recv')) return false;
  const first = call.arguments.payload(1);
  if (first === 'Q' || first === 'P') return asksPostgres(call.arguments.payload(64) ?? '');
  return headOfBody(call, descriptor, call.arguments.payload(64) ?? '') !== '';
}

/** The last read of four bytes on a socket that may be a client's, and may be the head of a packet of MySQL. */
const heads = new PerDescriptor<string>();

/**
 * The head of the packet of MySQL of which these bytes are the body, a statement; '' for anything else. The head comes
 * in a read of its own, and is kept up to the next read.
 */
function headOfBody({ result }: Call, descriptor: Descriptor, bytes: string): string {
  const head = heads.of(descriptor) ?? '';
  if (result === MySql.HEADER && MySql.isSpokenIn(bytes)) {
    heads.set(descriptor, bytes);
    return '';
  }
  if (head === '' || MySql.asks(head, bytes, result)) return head;
  heads.clear(descriptor);
  return '';
}

/**
 * A request on a number of which no call showed the opening and that had no name when the capture began, in a process
 * that reads messages: bpftrace does not show what came with them.
 */
export function passedUnseen(call: Call, thread: Thread, { kind, label, seenOpening }: Descriptor): Connection | null {
  const { process } = thread;
  if (kind !== 'unknown' || label !== '' || seenOpening || !process.hearsMessages || !(call.result > 0)) return null;
  const bytes = call.arguments.payload(64);
  if (bytes === null || requestStart(bytes) === null) return null;
  if (process.parent !== null) process.parent.handsDescriptorsOver = true;
  receiveDescriptors(call, thread, [{ fd: call.fd, label }]);
  return process.descriptors.get(call.fd)?.connection ?? null;
}

/** Descriptors came with a message: of sockets nobody saw who accepted them. */
export function receiveDescriptors(call: Call, thread: Thread, passed: readonly LabelledDescriptor[]): void {
  thread.process.receivesDescriptors = true;
  for (const { fd, label } of passed) {
    const descriptor = new Descriptor('connection', label, true);
    foundConnection(descriptor, fd, thread, call.end, call.line);
    thread.process.descriptors.set(fd, descriptor);
  }
}

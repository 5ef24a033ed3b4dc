import type { Call } from '../../../trace/record.ts';
import { requestShape } from '../../../trace/request-shape.ts';
import type { Syscall } from '../../../trace/syscalls.ts';
import type { Request } from '../../machine/connections.ts';
import { describeTarget } from '../../machine/descriptors.ts';
import { PerDescriptor, PerRequest } from '../../machine/owned-state.ts';
import type { Thread } from '../../machine/thread.ts';
import type { Heard } from '../../tracker.ts';

/** A request that looks for files in many places fails to find most of them. */
const MOST_CALLS = 8;
/** What a connect that does not wait says, and one that is interrupted. */
const UNDER_WAY: ReadonlySet<string> = new Set(['EINPROGRESS', 'EALREADY', 'EISCONN', 'EINTR', 'EAGAIN']);

/** A call that failed while somebody worked for a request. */
export interface FailedCall {
  readonly call: string;
  readonly errno: string;
  /** An address or a file; a number in place of a name in its path is `*`. */
  readonly target: string;
}

const failing = new PerRequest<FailedCall[]>();
/** Sockets whose connect did not wait, for whom and to where. */
const connecting = new PerDescriptor<{ readonly request: Request; readonly address: string }>();

/** What failed in this request before its reply, each once; of many the first. */
export function failedCallsOf(request: Request): readonly FailedCall[] {
  return failing.of(request) ?? [];
}

/** What a write to a file says where the disk has no room, or is broken. */
const DISK_ERRORS: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);

/** Notes a write that the disk refuses. */
export function noteWrite(call: Call, thread: Thread): void {
  const { owner } = thread.loop;
  if (owner === null || !DISK_ERRORS.has(call.error)) return;
  noteOf(owner, call.syscall.name, call.error, describeTarget(call.fd, thread.process.descriptors.get(call.fd)));
}

/** What is noted of a call of that kind: connects that fail, and files that do not open or are not there. */
export function hearsFailing({ family }: Syscall): Heard | undefined {
  if (family === 'connect') return connected;
  if (family === 'getsockopt') return learnt;
  if (family !== 'open' && family !== 'file') return undefined;
  return (call, thread) => {
    const { owner } = thread.loop;
    if (call.error !== '' && owner !== null) noteOf(owner, call.syscall.name, call.error, call.arguments.path());
  };
}

function connected(call: Call, thread: Thread): void {
  const { owner } = thread.loop;
  if (call.error === '') return;
  const address = call.arguments.socketAddress();
  const descriptor = thread.process.descriptors.get(call.fd);
  if (!UNDER_WAY.has(call.error)) {
    // haproxy asks by a second connect what became of the first.
    const request = (descriptor === undefined ? undefined : connecting.of(descriptor)?.request) ?? owner;
    if (request !== null) noteOf(request, call.syscall.name, call.error, address);
    return;
  }
  if (call.error !== 'EINPROGRESS' || owner === null) return;
  if (descriptor !== undefined) connecting.set(descriptor, { request: owner, address });
}

/** What became of a connect that did not wait: the loop may have turned to others meanwhile. */
function learnt(call: Call, thread: Thread): void {
  if (call.result !== 0) return;
  const descriptor = thread.process.descriptors.get(call.fd);
  const begun = descriptor === undefined ? undefined : connecting.of(descriptor);
  if (descriptor === undefined || begun === undefined) return;
  connecting.clear(descriptor);
  const errno = call.arguments.socketError();
  if (errno !== '') noteOf(begun.request, 'connect', errno, begun.address);
}

/** A request that waits for its reply had a call fail. */
function noteOf(request: Request, call: string, errno: string, about: string): void {
  if (!request.inProgress || about === '') return;
  // Files of uploads have a number each.
  const target = about.startsWith('/') ? requestShape(about) : about;
  const known = failing.of(request);
  if (known === undefined) failing.set(request, [{ call, errno, target }]);
  else if (
    known.length < MOST_CALLS &&
    !known.some((each) => each.target === target && each.errno === errno && each.call === call)
  )
    known.push({ call, errno, target });
}

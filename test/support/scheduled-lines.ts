import { bytes, type Printed, printed, START } from './printed-lines.ts';

/** The first line of `exact.bt`. */
export const EXACT_START = START.replace('program=calls', 'program=exact');

/** A line of `exact.bt`: nanoseconds blocked and queued before the call, and during it; wake-ups. */
export function scheduled(
  line: Printed,
  sched: readonly [number, number, number, number, number] = [0, 0, 0, 0, 0],
): string {
  return printed(line).replace(' data=', ` sched=${sched.join(',')} data=`);
}

/** The kernel changed the state of a client's connection. Microseconds. */
export function tcp(
  change: 'established' | 'closed' | 'reset',
  at: number,
  clientPort: number,
  address = '::ffff:127.0.0.1',
): string {
  const ts = 1_000_000_000 + at * 1_000;
  if (change === 'reset') return `event=reset ts=${ts} port=8000 peer=[${address}]:${clientPort}`;
  return `event=tcp ts=${ts} old=${change === 'established' ? '3 new=1' : '1 new=8'} port=8000 peer=[${address}]:${clientPort}`;
}

/** What `accept` returns for a client of 127.0.0.1. */
export function clientBytes(port: number): string {
  return `${bytes([2, 2], [port >> 8, 1], [port & 255, 1])}\\x7f\\x00\\x00\\x01${bytes([0, 8])}`;
}

const LISTENER = 5;
const EPOLL = 7;

/** A wait of a worker's loop that ends at `at`, with what the scheduler did in it. */
export function wait(
  tid: number,
  from: number,
  at: number,
  ready: number,
  wakeUps: number,
  before: readonly [number, number] = [0, 0],
): string {
  const data = ready < 0 ? '' : bytes([1, 4], [ready, 4], [0, 4]);
  const line = {
    tid,
    call: 'epoll_wait',
    at: from,
    took: at - from,
    ret: ready < 0 ? 0 : 1,
    args: [EPOLL, 1, 64, 1000],
    data,
  };
  return scheduled(line, [before[0] * 1_000, before[1] * 1_000, (at - from) * 900, 1_000, wakeUps]);
}

/** An accept: the new descriptor, or nothing to accept. */
export function accept(tid: number, at: number, fd: number, clientPort: number): string {
  const ret = fd < 0 ? -11 : fd;
  return scheduled({
    tid,
    call: 'accept4',
    at,
    ret,
    args: [LISTENER, 1, 1, 0o2004000],
    data: fd < 0 ? '' : clientBytes(clientPort),
  });
}

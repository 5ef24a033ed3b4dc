/** Samples of which the first title does not name the request and the target of their truth, and why. */
export const OPEN_TITLES: ReadonlyMap<string, string> = new Map<string, string>([
  ['hang-gunicorn-gevent', 'a futex has no name, and the capture shows no other call of the thread'],
  ['hang-gunicorn-gevent/bpftrace', 'a futex has no name, and the capture shows no other call of the thread'],
]);

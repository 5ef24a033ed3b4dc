const FIRST_SECOND = 1_795_140_800;
const MICROSECONDS = 1_000_000;

/** Writes lines of `strace -f -ttt -T -y`, each a little later than the one before. */
export class Pen {
  /** Since the first second of the capture. */
  #microseconds: number;
  readonly #step: number;

  constructor({ step = 7, from = 0 }: { readonly step?: number; readonly from?: number } = {}) {
    this.#step = step;
    this.#microseconds = from;
  }

  /** `4711 1795140800.000007 close(5) = 0 <0.000003>`; the duration in microseconds. */
  call(pid: number, call: string, microseconds = 3): string {
    return `${this.#start(pid)} ${call} <${(microseconds / MICROSECONDS).toFixed(6)}>\n`;
  }

  /** A line without a duration: a signal, an end, half a call. */
  line(pid: number, text: string): string {
    return `${this.#start(pid)} ${text}\n`;
  }

  /** Lets time pass before the next line; it may go back. No text, so that it can stand among lines. */
  pass(microseconds: number): '' {
    this.#microseconds += microseconds;
    return '';
  }

  #start(pid: number): string {
    this.#microseconds += this.#step;
    const seconds = Math.floor(this.#microseconds / MICROSECONDS);
    return `${pid} ${FIRST_SECOND + seconds}.${String(this.#microseconds - seconds * MICROSECONDS).padStart(6, '0')}`;
  }
}

/** The one listener of a capture, and what a loop is told when a connection waits there. */
export const LISTENER = '5<socket:[4711]>';
const EPOLL = '7<anon_inode:[eventpoll]>';
export const LISTENER_READY = `epoll_wait(${EPOLL}, [{events=EPOLLIN, data={u32=5, u64=5}}], 64, 1000) = 1`;
export const NOTHING_READY = `epoll_wait(${EPOLL}, [], 64, 10) = 0`;
export const NOTHING_TO_ACCEPT = `accept4(${LISTENER}, 0x7ffc7e81a730, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable)`;

/** A connection is accepted as that descriptor. */
export function accepted(descriptor: number, inode: number): string {
  const peer = `{sa_family=AF_INET, sin_port=htons(${1_024 + (inode % 60_000)}), sin_addr=inet_addr("10.0.0.9")}`;
  return `accept4(${LISTENER}, ${peer}, [16], SOCK_CLOEXEC|SOCK_NONBLOCK) = ${descriptor}<socket:[${inode}]>`;
}

export function asked(descriptor: number, inode: number, request: string): string {
  const line = `${request} HTTP/1.1`;
  return `recvfrom(${descriptor}<socket:[${inode}]>, "${line}\\r\\n\\r\\n", 8192, 0, NULL, NULL) = ${line.length + 4}`;
}

export function answered(descriptor: number, inode: number): string {
  return `sendto(${descriptor}<socket:[${inode}]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19`;
}

export function closed(descriptor: number, inode: number): string {
  return `close(${descriptor}<socket:[${inode}]>) = 0`;
}

/** `count` numbers from 0 on, as lines. */
export function* each(count: number, lines: (index: number) => string | Iterable<string>): Generator<string> {
  for (let index = 0; index < count; index++) {
    const some = lines(index);
    if (typeof some === 'string') yield some;
    else yield* some;
  }
}

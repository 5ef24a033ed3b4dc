import type { TraceLines } from './trace-lines.ts';

/** How long a call takes that does not wait, in milliseconds. */
export const QUICK = 0.02;
/** Descriptor and inode of the listener that `server-lines.ts` sets up. */
export const LISTENER = 5;
export const HUB = 7;

const MESSAGES: Readonly<Record<string, string>> = {
  EAGAIN: 'Resource temporarily unavailable',
  EPIPE: 'Broken pipe',
  ECONNRESET: 'Connection reset by peer',
  ESHUTDOWN: 'Cannot send after transport endpoint shutdown',
  ETIMEDOUT: 'Connection timed out',
  EINTR: 'Interrupted system call',
  EMFILE: 'Too many open files',
  EBADF: 'Bad file descriptor',
};

/** `-1 EAGAIN (Resource temporarily unavailable)`. */
export function failed(errno: string): string {
  return `-1 ${errno} (${MESSAGES[errno] ?? errno})`;
}

/** Writes the calls of one thread. Its clock, in milliseconds since the capture began, moves on with each call. */
export class ThreadLines {
  readonly tid: number;
  readonly #trace: TraceLines;
  /** Microseconds. */
  #clock = 0;
  /** What `-y` prints for each descriptor number. */
  readonly labels = new Map<number, string>();

  constructor(tid: number, trace: TraceLines) {
    this.tid = tid;
    this.#trace = trace;
  }

  get now(): number {
    return this.#clock / 1000;
  }

  /** Sets the clock: from the end of the last call to `ms` there is no call. */
  at(ms: number): this {
    this.#clock = Math.round(ms * 1000);
    return this;
  }

  /** No call for so long. */
  gap(ms: number): this {
    return this.at(this.now + ms);
  }

  /** A call: what is printed at its entry, what at its exit, its result, and how long it takes. */
  call(entered: string, left: string, result: string | number, ms = QUICK): this {
    const start = this.#clock;
    this.at(this.now + ms);
    this.#trace.add({ tid: this.tid, start, end: this.#clock, entered, left, result: String(result) });
    return this;
  }

  /** A call that has not returned when the capture ends. */
  stays(entered: string): this {
    this.#trace.add({ tid: this.tid, start: this.#clock, end: null, entered, left: '', result: '' });
    return this;
  }

  /** A line that is no call. */
  line(text: string): this {
    this.#trace.add({ tid: this.tid, start: this.#clock, end: this.#clock, entered: text, left: null, result: '' });
    return this;
  }

  /** `5<socket:[4711]>`. */
  fd(number: number): string {
    const label = this.labels.get(number);
    return label === undefined ? String(number) : `${number}<${label}>`;
  }

  /** The hub wait returns at `ms` and reports these descriptors; none is a timeout. */
  waitUntil(ms: number, ...ready: readonly number[]): this {
    return this.epollWait(HUB, ms - this.now, ready);
  }

  epollWait(epfd: number, ms: number, ready: readonly number[], events = 'EPOLLIN'): this {
    const list = ready.map((fd) => `{events=${events}, data={u32=${fd}, u64=${fd}}}`).join(', ');
    return this.call(`epoll_wait(${this.fd(epfd)}, `, `[${list}], 64, -1)`, ready.length, ms);
  }

  /** Accepts a connection under this descriptor number. */
  accept(
    number: number,
    { port = 40_000 + number, address = '10.0.0.9', listener = LISTENER, ms = QUICK, flags = '|SOCK_NONBLOCK' } = {},
  ): this {
    const label = `socket:[${this.#trace.newInode()}]`;
    const from = `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${address}")}`;
    this.call(`accept4(${this.fd(listener)}, `, `${from}, [16], SOCK_CLOEXEC${flags})`, `${number}<${label}>`, ms);
    this.labels.set(number, label);
    return this;
  }

  acceptNothing(listener = LISTENER, ms = QUICK): this {
    return this.call(
      `accept4(${this.fd(listener)}, `,
      '0x7ffd5840, [16], SOCK_CLOEXEC|SOCK_NONBLOCK)',
      failed('EAGAIN'),
      ms,
    );
  }

  /** Reads the head of a request, or other bytes in the escapes of strace. */
  read(number: number, text: string, ms = QUICK): this {
    const bytes = /^[A-Z]+ \/\S*$/.test(text) ? `${text} HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n` : text;
    return this.call(
      `recvfrom(${this.fd(number)}, `,
      `"${bytes}", 8192, 0, NULL, NULL)`,
      bytes.replace(/\\./g, '_').length,
      ms,
    );
  }

  readNothing(number: number, errno = 'EAGAIN'): this {
    return this.call(`recvfrom(${this.fd(number)}, `, '0x7ffd5000, 8192, 0, NULL, NULL)', failed(errno));
  }

  /** The other end closed its sending side. */
  readEnd(number: number): this {
    return this.call(`recvfrom(${this.fd(number)}, `, '"", 8192, 0, NULL, NULL)', 0);
  }

  send(number: number, text: string, { flags = '0', ms = QUICK, errno = '' } = {}): this {
    const length = text.replace(/\\./g, '_').length;
    return this.call(
      `sendto(${this.fd(number)}, "${text}", ${length}, ${flags}, NULL, 0`,
      ')',
      errno === '' ? length : failed(errno),
      ms,
    );
  }

  reply(number: number): this {
    return this.send(number, 'HTTP/1.1 200 OK\\r\\n\\r\\nok');
  }

  /** A write that finds nobody; EPIPE brings SIGPIPE unless the caller said MSG_NOSIGNAL. */
  replyFails(number: number, errno = 'EPIPE', flags = '0'): this {
    this.send(number, 'HTTP/1.1 200 OK\\r\\n\\r\\nok', { errno, flags });
    return errno === 'EPIPE' && flags === '0' ? this.signal('SIGPIPE') : this;
  }

  close(number: number): this {
    this.call(`close(${this.fd(number)}`, ')', 0);
    this.labels.delete(number);
    return this;
  }

  /** Accepts, reads, works for `work` milliseconds without a call, replies, closes. */
  serve(number: number, request: string, { work = 0 } = {}): this {
    return this.accept(number).read(number, request).gap(work).reply(number).close(number);
  }

  signal(name: string): this {
    return this.line(`--- ${name} {si_signo=${name}, si_code=SI_USER, si_pid=${this.tid}, si_uid=0} ---`);
  }

  exits(status = 0): this {
    return this.line(`+++ exited with ${status} +++`);
  }

  killedBy(signal: string): this {
    return this.line(`+++ killed by ${signal} +++`);
  }
}

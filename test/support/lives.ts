import { ORIGIN_SECONDS } from './trace-lines.ts';

/** Writes lines of `strace -f -ttt -T`, one every 10 µs. */
export class Lines {
  readonly #lines: string[] = [];

  add(tid: number, text: string): this {
    const micros = this.#lines.length * 10;
    const seconds = ORIGIN_SECONDS + Math.floor(micros / 1e6);
    this.#lines.push(`${tid} ${seconds}.${String(micros % 1e6).padStart(6, '0')} ${text}\n`);
    return this;
  }

  /** A process or thread that shows up once, and whose end nothing tells. */
  strangers(from: number, count: number): this {
    for (let tid = from; tid < from + count; tid++) this.add(tid, 'getppid() = 1 <0.000010>');
    return this;
  }

  fork(parent: number, child: number): this {
    return this.add(
      parent,
      `clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f5a50) = ${child} <0.000090>`,
    );
  }

  startThread(parent: number, child: number): this {
    return this.add(
      parent,
      `clone(child_stack=0x7f, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD) = ${child} <0.000090>`,
    );
  }

  /** A round of an event loop: it is woken, takes a client, and waits again. */
  serve(tid: number, fd = 10): this {
    return this.add(tid, 'epoll_wait(7, [{events=EPOLLIN, data={u32=5, u64=5}}], 64, -1) = 1 <0.000005>')
      .add(tid, `accept4(5, NULL, NULL, SOCK_NONBLOCK) = ${fd} <0.000005>`)
      .add(tid, 'epoll_wait(7, [], 64, 0) = 0 <0.000005>');
  }

  toString(): string {
    return this.#lines.join('');
  }
}

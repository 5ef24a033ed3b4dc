/** Lines of strace about servers of databases, as they stand in captures of real ones, cut to what sessions need. */

const START = 1_795_140_800;
const at = (seconds: number): string => (START + seconds).toFixed(6);

/** One line: thread, moment in seconds from the beginning, call, result, and how long it took. */
export function line(tid: number, seconds: number, call: string, result: string, took = 0.00002): string {
  return `${tid} ${at(seconds)} ${call} = ${result} <${took.toFixed(6)}>`;
}

const octal = (value: number): string => `\\${value.toString(8).padStart(3, '0')}`;

/** A session of PostgreSQL: a process that the postmaster 100 forks for its client. */
export class Backend {
  readonly pid: number;
  readonly #socket: string;

  constructor(pid: number) {
    this.pid = pid;
    this.#socket = `9<socket:[${5000 + pid}]>`;
  }

  /** The postmaster takes the client and forks; the client says who it is. */
  opened(seconds: number): string[] {
    const peer = `{sa_family=AF_INET, sin_port=htons(${40_000 + this.pid}), sin_addr=inet_addr("10.0.0.9")}`;
    return [
      line(100, seconds, `accept4(5<socket:[4711]>, ${peer}, [16], SOCK_CLOEXEC)`, this.#socket),
      line(100, seconds + 0.001, 'clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD)', `${this.pid}`),
      line(100, seconds + 0.002, `close(${this.#socket})`, '0'),
      this.#read(seconds + 0.003, '\\0\\0\\0\\22\\0\\3\\0\\0user\\0bob\\0\\0', 18),
    ];
  }

  ready(seconds: number): string {
    return this.#wrote(seconds, 'R\\0\\0\\0\\10\\0\\0\\0\\0Z\\0\\0\\0\\5I', 15);
  }

  refused(seconds: number, state: string): string {
    const text = `E\\0\\0\\0%SFATAL\\0VFATAL\\0C${state}\\0Msorry\\0\\0`;
    return this.#wrote(seconds, text, 38);
  }

  asks(seconds: number, statement: string): string {
    const length = statement.length + 5;
    return this.#read(seconds, `Q\\0\\0${octal(0)}${octal(length)}${statement}\\0`, length + 1);
  }

  /** `I`: idle from now on, `T`: in a transaction. */
  answered(seconds: number, tag: string, state: 'I' | 'T'): string {
    const length = tag.length + 5;
    return this.#wrote(seconds, `C\\0\\0\\0${octal(length)}${tag}\\0Z\\0\\0\\0\\5${state}`, length + 7);
  }

  /** It wakes up at that moment from a sleep on its latch. */
  slept(from: number, to: number): string {
    const started = `epoll_wait(8<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=7, u64=7}}], 1, -1)`;
    return line(this.pid, from, started, '1', to - from);
  }

  wakes(seconds: number, other: Backend): string {
    return line(this.pid, seconds, `kill(${other.pid}, SIGURG)`, '0');
  }

  #read(seconds: number, text: string, size: number): string {
    return line(this.pid, seconds, `recvfrom(${this.#socket}, "${text}", 8192, 0, NULL, NULL)`, `${size}`);
  }

  #wrote(seconds: number, text: string, size: number): string {
    return line(this.pid, seconds, `sendto(${this.#socket}, "${text}", ${size}, 0, NULL, 0)`, `${size}`);
  }
}

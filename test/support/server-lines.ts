import { failed, HUB, LISTENER, type ThreadLines } from './thread-lines.ts';
import { TraceLines } from './trace-lines.ts';

export const MASTER = 100;
const LISTENER_LABEL = 'socket:[4711]';
const HUB_LABEL = 'anon_inode:[eventpoll]';

export interface ServerParts {
  /** The listener is registered with EPOLLEXCLUSIVE. */
  readonly exclusive?: boolean;
  /** The command line that starts the master; not traced without it. */
  readonly argv?: readonly string[];
}

/**
 * A server whose master opened one listener and forked workers; each has an epoll hub that holds it. All of it happens
 * in the first 10 ms.
 */
export function prefork(
  pids: readonly number[],
  { exclusive = false, argv = [] }: ServerParts = {},
): { readonly trace: TraceLines; readonly workers: readonly ThreadLines[] } {
  const trace = new TraceLines();
  const master = trace.thread(MASTER).at(0);
  if (argv.length > 0) {
    const words = argv.map((word) => `"${word}"`).join(', ');
    master.call(`execve("/usr/bin/${argv[0]}", [${words}], 0x7ffd2af5eab8 /* 9 vars */`, ')', 0);
  }
  openListener(master, LISTENER);
  for (const pid of pids) fork(master, pid);
  master.stays('wait4(-1, ');
  const workers = pids.map((pid) => {
    const worker = trace.thread(pid).at(5);
    worker.labels.set(LISTENER, LISTENER_LABEL);
    openHub(worker, exclusive);
    return worker;
  });
  return { trace, workers };
}

/** One worker of `prefork`. */
export function oneWorker(pid = 101): { readonly trace: TraceLines; readonly worker: ThreadLines } {
  const { trace, workers } = prefork([pid]);
  return { trace, worker: workers[0] as ThreadLines };
}

/** Workers that ran long before the tracer attached: their first line is the wait it interrupted. */
export function attached(pids: readonly number[]): {
  readonly trace: TraceLines;
  readonly workers: readonly ThreadLines[];
} {
  const trace = new TraceLines();
  const workers = pids.map((pid) => {
    const worker = trace.thread(pid).at(0);
    worker.labels.set(LISTENER, LISTENER_LABEL);
    worker.labels.set(HUB, HUB_LABEL);
    return worker;
  });
  return { trace, workers };
}

export function openListener(
  thread: ThreadLines,
  fd: number,
  { label = LISTENER_LABEL, port = 8000, reusePort = false } = {},
): void {
  thread.call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP', ')', `${fd}<${label}>`);
  thread.labels.set(fd, label);
  if (reusePort) thread.call(`setsockopt(${thread.fd(fd)}, SOL_SOCKET, SO_REUSEPORT, [1], 4`, ')', 0);
  thread.call(
    `bind(${thread.fd(fd)}, {sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("127.0.0.1")}, 16`,
    ')',
    0,
  );
  thread.call(`listen(${thread.fd(fd)}, 2048`, ')', 0);
}

export function fork(parent: ThreadLines, pid: number): void {
  parent.call(
    'clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD',
    ', child_tidptr=0x7f5a50)',
    pid,
  );
}

export function startThread(parent: ThreadLines, tid: number): void {
  const flags = 'CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM';
  parent.call(
    `clone3({flags=${flags}, exit_signal=0, stack=0x7fe9, stack_size=0x7fff80}`,
    ` => {parent_tid=[${tid}]}, 88)`,
    tid,
  );
}

export function openHub(worker: ThreadLines, exclusive = false): void {
  worker.call('epoll_create1(EPOLL_CLOEXEC', ')', `${HUB}<${HUB_LABEL}>`);
  worker.labels.set(HUB, HUB_LABEL);
  watch(worker, LISTENER, exclusive ? 'EPOLLIN|EPOLLEXCLUSIVE' : 'EPOLLIN');
}

/** Registers a descriptor with the hub. */
export function watch(worker: ThreadLines, fd: number, events = 'EPOLLIN', epfd = HUB): ThreadLines {
  return worker.call(
    `epoll_ctl(${worker.fd(epfd)}, EPOLL_CTL_ADD, ${worker.fd(fd)}, {events=${events}, data={u32=${fd}, u64=${fd}}}`,
    ')',
    0,
  );
}

/** Opens a connection to another service, without waiting for it. */
export function connectTo(worker: ThreadLines, fd: number, port: number, inode = 60_000 + fd): ThreadLines {
  const label = `socket:[${inode}]`;
  worker.call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_TCP', ')', `${fd}<${label}>`);
  worker.labels.set(fd, label);
  const to = `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("10.0.0.7")}`;
  return worker.call(`connect(${worker.fd(fd)}, ${to}, 16`, ')', failed('EINPROGRESS'));
}

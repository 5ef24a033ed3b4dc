/** Names that do the same job, so that trackers need not know every spelling. */
export type Family =
  | 'accept'
  | 'epoll-wait'
  | 'poll'
  | 'select'
  | 'epoll-ctl'
  | 'epoll-create'
  | 'read'
  | 'write'
  | 'connect'
  | 'socket'
  | 'bind'
  | 'listen'
  | 'shutdown'
  | 'setsockopt'
  | 'getsockopt'
  | 'close'
  | 'dup'
  | 'fcntl'
  | 'ioctl'
  | 'open'
  | 'pipe'
  | 'socketpair'
  | 'eventfd'
  | 'clone'
  | 'execve'
  | 'exit'
  | 'wait-child'
  | 'kill'
  | 'prctl'
  | 'futex'
  | 'sleep'
  | 'signal-wait'
  | 'sync'
  | 'lock'
  | 'semaphore'
  | 'memory'
  | 'file'
  | 'io-uring'
  | 'sigreturn'
  | 'restart'
  | 'trivial'
  | 'other';

/** A syscall as the kernel spells it; one object a name, so `===` compares names. */
export interface Syscall {
  /** Dense, from 0, in order of first appearance in this process. */
  readonly id: number;
  readonly name: string;
  readonly family: Family;
  /** The first argument is a descriptor. */
  readonly takesDescriptor: boolean;
}

const FAMILIES: Readonly<Partial<Record<Family, string>>> = {
  accept: 'accept accept4',
  'epoll-wait': 'epoll_wait epoll_pwait epoll_pwait2 epoll_wait_old',
  poll: 'poll ppoll ppoll_time64',
  select: 'select _newselect pselect6 pselect6_time64',
  'epoll-ctl': 'epoll_ctl epoll_ctl_old',
  'epoll-create': 'epoll_create epoll_create1',
  read: 'read readv pread64 preadv preadv2 recv recvfrom recvmsg recvmmsg recvmmsg_time64',
  write: 'write writev pwrite64 pwritev pwritev2 send sendto sendmsg sendmmsg sendfile sendfile64 splice',
  connect: 'connect',
  socket: 'socket',
  bind: 'bind',
  listen: 'listen',
  shutdown: 'shutdown',
  setsockopt: 'setsockopt',
  getsockopt: 'getsockopt',
  close: 'close close_range',
  dup: 'dup dup2 dup3',
  fcntl: 'fcntl fcntl64',
  ioctl: 'ioctl',
  open: 'open openat openat2 creat memfd_create',
  pipe: 'pipe pipe2',
  socketpair: 'socketpair',
  eventfd: 'eventfd eventfd2 timerfd_create signalfd signalfd4 inotify_init inotify_init1',
  clone: 'clone clone2 clone3 fork vfork',
  execve: 'execve execveat',
  exit: 'exit exit_group _exit',
  'wait-child': 'wait4 waitid waitpid',
  kill: 'kill tkill tgkill rt_sigqueueinfo pidfd_send_signal',
  prctl: 'prctl',
  futex: 'futex futex_time64 futex_waitv futex_wait futex_wake',
  sleep: 'nanosleep clock_nanosleep clock_nanosleep_time64',
  'signal-wait': 'pause rt_sigtimedwait rt_sigtimedwait_time64 rt_sigsuspend sigsuspend',
  sync: 'fsync fdatasync sync syncfs msync sync_file_range sync_file_range2',
  lock: 'flock',
  semaphore: 'semop semtimedop semtimedop_time64 mq_timedreceive mq_timedsend msgrcv msgsnd',
  memory: 'mmap mmap2 munmap mprotect madvise brk mremap mlock mlock2 munlock',
  file:
    'stat lstat fstat stat64 lstat64 fstat64 fstatat64 newfstatat statx statfs fstatfs statfs64 fstatfs64 access ' +
    'faccessat faccessat2 readlink readlinkat getdents getdents64 ' +
    'rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir ftruncate truncate fallocate fchmod chmod ' +
    'fchmodat fchown chown fchownat utimensat utime utimes futimesat lseek _llseek ' +
    'getcwd chdir fchdir link linkat symlink symlinkat fadvise64 readahead copy_file_range flistxattr fgetxattr ' +
    'getxattr',
  'io-uring': 'io_uring_enter io_uring_setup io_uring_register io_getevents io_submit',
  sigreturn: 'rt_sigreturn sigreturn',
  restart: 'restart_syscall',
  trivial:
    'getpid getppid gettid getuid geteuid getgid getegid getsockname getpeername clock_gettime clock_gettime64 ' +
    'gettimeofday time times rt_sigprocmask sigprocmask rt_sigaction sigaction rt_sigpending ' +
    'sched_yield getrusage getrandom sched_getaffinity sched_setaffinity set_tid_address set_robust_list ' +
    'get_robust_list prlimit64 getrlimit ugetrlimit setrlimit uname sysinfo arch_prctl umask getcpu sigaltstack ' +
    'rseq alarm setitimer ' +
    'timer_settime timerfd_settime timerfd_gettime clock_getres membarrier getpgrp getpgid getsid setsid setpgid ' +
    'getresuid getresgid capget',
};

const DESCRIPTOR_FAMILIES: ReadonlySet<Family> = new Set<Family>([
  'accept',
  'epoll-wait',
  'epoll-ctl',
  'read',
  'write',
  'connect',
  'bind',
  'listen',
  'shutdown',
  'setsockopt',
  'getsockopt',
  'close',
  'dup',
  'fcntl',
  'ioctl',
  'sync',
  'lock',
  'io-uring',
]);
const DESCRIPTOR_NAMES: ReadonlySet<string> = new Set(
  (
    'fstat fstat64 fstatfs fstatfs64 getdents getdents64 ftruncate fallocate fchmod fchown lseek _llseek fchdir ' +
    'utimensat fadvise64 readahead copy_file_range flistxattr fgetxattr getsockname getpeername ' +
    'timerfd_settime timerfd_gettime'
  ).split(' '),
);
const NO_DESCRIPTOR: ReadonlySet<string> = new Set(['sync', 'msync', 'io_uring_setup']);

const familyByName = new Map<string, Family>();
for (const [family, names] of Object.entries(FAMILIES)) {
  for (const name of names.split(' ')) familyByName.set(name, family as Family);
}

const known = new Map<string, Syscall>();
const byId: Syscall[] = [];

/** The one Syscall object of a name. Unknown names become family `other`. */
export function syscall(name: string): Syscall {
  const found = known.get(name);
  if (found !== undefined) return found;
  const family = familyByName.get(name) ?? 'other';
  const takesDescriptor = !NO_DESCRIPTOR.has(name) && (DESCRIPTOR_FAMILIES.has(family) || DESCRIPTOR_NAMES.has(name));
  const made: Syscall = { id: byId.length, name, family, takesDescriptor };
  known.set(name, made);
  byId.push(made);
  return made;
}

/** What a thread does that has nothing to do: it waits for its clients, its children, or a signal. */
export function isWait(family: Family): boolean {
  return WAITS.has(family);
}
const WAITS: ReadonlySet<Family> = new Set<Family>([
  'accept',
  'epoll-wait',
  'poll',
  'select',
  'signal-wait',
  'wait-child',
]);

/** The syscall with that id. */
export function syscallById(id: number): Syscall {
  const found = byId[id];
  if (found === undefined) throw new RangeError(`no syscall has id ${id}`);
  return found;
}

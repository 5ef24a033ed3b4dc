import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { installed } from '../../installation.ts';
import { type Machine, syscallNumber } from '../../trace/syscall-numbers.ts';
import { bpftraceSettings } from './version.ts';

export const PROGRAM_NAMES = ['calls', 'exact', 'watch'] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

/** The machine that numbers of calls are known for, or null. */
export function machineOf(architecture: string): Machine | null {
  return architecture === 'x64' ? 'x86-64' : architecture === 'arm64' ? 'arm64' : null;
}

interface ProgramOptions {
  /** Processes to follow, with the children they fork from now on. */
  readonly pids: readonly number[];
  readonly machine: Machine;
  /** Ports that the processes listen on; without them `exact` tells of all TCP connections of the machine. */
  readonly ports?: readonly number[];
}

/** What bpftrace finds in its environment: as much of requests and paths as its stack of 512 bytes allows. */
export function programEnvironment(name: ProgramName): Readonly<Record<string, string>> {
  return bpftraceSettings(name === 'calls' ? 96 : 64, cpus().length);
}

/** The programs lie in src/ both in the repository and in the package. */
const PROGRAMS = installed('src/sources/bpftrace/');

/** How `calls.bt` reports a call; the numbers are explained there. */
const CALLS: Readonly<Record<number, string>> = {
  1:
    'close shutdown listen dup dup2 dup3 getppid gettid fchmod utimensat flock fsync fdatasync wait4 waitid kill ' +
    'tgkill exit_group clone fork vfork socket epoll_create epoll_create1 eventfd2 sendfile io_uring_enter',
  2: 'read recvfrom pread64',
  3: 'write sendto',
  4: 'readv writev',
  5: 'recvmsg sendmsg',
  6: 'accept accept4 connect bind',
  7: 'epoll_wait epoll_pwait epoll_pwait2',
  8: 'epoll_ctl setsockopt socketpair',
  9: 'poll ppoll',
  10: 'pipe pipe2 clone3',
  11: 'openat',
  12: 'open execve',
  13: 'select pselect6',
  14: 'ioctl',
  15: 'fcntl',
  16:
    'futex nanosleep clock_nanosleep semop semtimedop msgrcv msgsnd mq_timedreceive mq_timedsend ' +
    'pause rt_sigtimedwait rt_sigsuspend',
  17: 'getsockname',
};
/** What `watch.bt` takes a call for; the numbers are explained there. */
const KINDS: Readonly<Record<number, string>> = {
  1: 'accept accept4',
  2: 'epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect6',
  3: 'write writev sendto sendmsg sendfile',
  4: 'read readv recvfrom recvmsg',
};
/** Bytes of a `struct epoll_event`: packed on x86-64 only. */
const EVENT_BYTES: Readonly<Record<Machine, number>> = { 'x86-64': 12, arm64: 16 };

/** The text of one of drover's bpftrace programs, ready to run. */
export function bpftraceProgram(name: ProgramName, { pids, machine, ports = [] }: ProgramOptions): string {
  return readFileSync(new URL(`${name}.bt`, PROGRAMS), 'utf8')
    .replace('//DROVER:PIDS', pids.map((pid) => `@pid[(uint64)${pid}] = 1;`).join(' '))
    .replace(
      '//DROVER:PORTS',
      ports.length === 0 ? '@allports = 1;' : ports.map((port) => `@port[(uint64)${port}] = 1;`).join(' '),
    )
    .replace('//DROVER:CALLS', assignments('how', CALLS, machine))
    .replace('//DROVER:KINDS', assignments('kind', KINDS, machine))
    .replaceAll('DROVER:MACHINE', machine)
    .replaceAll('DROVER:EVENT', String(EVENT_BYTES[machine]));
}

function assignments(map: string, meanings: Readonly<Record<number, string>>, machine: Machine): string {
  return Object.entries(meanings)
    .flatMap(([meaning, names]) =>
      names
        .split(' ')
        .map((name) => [name, syscallNumber(machine, name)] as const)
        .filter(([, number]) => number >= 0)
        .map(([name, number]) => `@${map}[${number}] = ${meaning}; // ${name}`),
    )
    .join('\n  ');
}

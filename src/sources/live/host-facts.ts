import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { programOnPath } from './code/program-on-path.ts';
import { linkOrEmpty, readOrEmpty } from './process-facts.ts';

/** What decides whether this process may trace others here. */
export interface HostFacts {
  /** Own effective user. */
  readonly userId: number;
  /** CAP_SYS_PTRACE is effective. */
  readonly mayTraceOthers: boolean;
  /** CAP_SYS_ADMIN is effective, or both CAP_BPF and CAP_PERFMON are. */
  readonly mayLoadPrograms: boolean;
  /** Level 0 to 3 of Yama; 0 where there is none. */
  readonly yama: number;
  readonly inContainer: boolean;
  /** Its pids are those of the kernel: it is in no pid namespace of its own, as most containers are. */
  readonly hasHostPids: boolean;
  /** /proc shows the pid namespace that this process is in. */
  readonly hasOwnProc: boolean;
  /** Names of the programs that were found on the PATH. */
  readonly programs: ReadonlySet<string>;
  /** Paths of programs that show stacks, by name, where drover would start them: nobody else can change them. */
  readonly samplers: ReadonlyMap<string, string>;
  /** Where the kernel's tracing files are mounted, or '' when they are not. */
  readonly tracing: string;
  /** As Node names it: `x64`. */
  readonly architecture: string;
  /** `none`, `integrity` or `confidentiality`. */
  readonly lockdown: string;
}

const PROGRAMS = ['strace', 'setpriv', 'timeout', 'prlimit', 'bpftrace'] as const;
const SAMPLERS = ['py-spy', 'bpftrace', 'eu-stack', 'gdb'] as const;
const CAP_SYS_PTRACE = 19n;
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;
/** `PROC_PID_INIT_INO` of the kernel. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';
const TRACING = ['/sys/kernel/tracing', '/sys/kernel/debug/tracing'];

export function readHost(): HostFacts {
  const effective = BigInt(`0x${/^CapEff:\t([0-9a-f]+)/m.exec(readOrEmpty('/proc/self/status'))?.[1] ?? '0'}`);
  const has = (capability: bigint): boolean => ((effective >> capability) & 1n) === 1n;
  return {
    userId: process.geteuid?.() ?? -1,
    mayTraceOthers: has(CAP_SYS_PTRACE),
    mayLoadPrograms: has(CAP_SYS_ADMIN) || (has(CAP_BPF) && has(CAP_PERFMON)),
    yama: Number(readOrEmpty('/proc/sys/kernel/yama/ptrace_scope').trim() || 0),
    inContainer: isContainer(),
    hasHostPids: hasHostPids(linkOrEmpty('/proc/self/ns/pid')),
    hasOwnProc: linkOrEmpty('/proc/self') === String(process.pid),
    programs: new Set(PROGRAMS.filter(isOnPath)),
    samplers: new Map(
      SAMPLERS.flatMap((name): [string, string][] => {
        const path = programOnPath(name);
        return path === null ? [] : [[name, path]];
      }),
    ),
    tracing: TRACING.find((folder) => existsSync(join(folder, 'events/raw_syscalls'))) ?? '',
    architecture: process.arch,
    lockdown: /\[(\w+)\]/.exec(readOrEmpty('/sys/kernel/security/lockdown'))?.[1] ?? 'none',
  };
}

/** By its link: the kernel numbers its first pid namespace the same everywhere. '' before namespaces, or unreadable. */
export function hasHostPids(link: string): boolean {
  return link === '' || link === FIRST_PID_NAMESPACE;
}

/** A filter of system calls is on this process, as in most containers: it may refuse what root may do. */
export function isFiltered(status = readOrEmpty('/proc/self/status')): boolean {
  return /^Seccomp:\t2$/m.test(status);
}

/** Whether a program of this name can be started. */
export function isOnPath(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      // Not there, or not for this user.
      return false;
    }
  });
}

function isContainer(): boolean {
  if (existsSync('/.dockerenv') || existsSync('/run/.containerenv')) return true;
  return /docker|kubepods|containerd|libpod|lxc/.test(readOrEmpty('/proc/1/cgroup'));
}

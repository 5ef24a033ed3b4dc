import { AttachError } from '../attach-error.ts';
import { type HostFacts, isFiltered } from './host-facts.ts';
import type { ProcessFacts } from './process-facts.ts';

/**
 * One thing that must hold for an engine to work: a line of `drover doctor`, and the words of the failure when it does
 * not hold.
 */
export interface Check {
  /** `unknown`: it was tried, and cannot be told. */
  readonly level: 'ok' | 'missing' | 'unknown';
  /** One sentence. */
  readonly text: string;
  /** What to type or do, or ''. */
  readonly fix: string;
}

const PACKAGES: Readonly<Record<string, string>> = {
  strace: 'strace',
  bpftrace: 'bpftrace',
  setpriv: 'util-linux',
  prlimit: 'util-linux',
  timeout: 'coreutils',
};

/** Whether the strace engine works here at all. */
export function straceChecks(host: HostFacts): Check[] {
  return [programCheck('strace', host), procCheck(host), launchCheck(host), ptraceCheck(host)];
}

/** Whether the bpftrace engine works here at all. */
export function bpftraceChecks(host: HostFacts): Check[] {
  // First what no package mends.
  const checks = [procCheck(host), pidCheck(host), programCheck('bpftrace', host), launchCheck(host), rootCheck(host)];
  // Others than root cannot even see whether the tracing files are mounted.
  return host.userId === 0 ? [...checks, capabilityCheck(host), tracingCheck(host), kernelCheck(host)] : checks;
}

/** Which bpftrace wakes up for each event; it works all the same. */
const WAKES_EACH_TIME_UP_TO = 17;

/** What an old bpftrace costs the server; empty for others, and where the version is not known. */
export function costChecks(version: number | null): Check[] {
  if (version === null || version > WAKES_EACH_TIME_UP_TO) return [];
  return [
    ok(
      `bpftrace 0.${version} works, at a price: a small request takes 1.5 to 2 times the CPU, ` +
        'with 0.23 or newer 1.1 to 1.3 times',
    ),
  ];
}

/** Whether the code of a stuck worker can be seen; a capture works without it. */
export function codeChecks({ samplers, mayTraceOthers, yama, userId }: HostFacts): Check[] {
  const pySpy = samplers.get('py-spy');
  const stopping = samplers.get('eu-stack') ?? samplers.get('gdb');
  const others = [
    ...(samplers.has('bpftrace') && userId === 0
      ? [ok('bpftrace shows the code of native programs, and of node --perf-basic-prof, while they compute')]
      : []),
    ...(stopping === undefined
      ? []
      : [ok(`${stopping} shows the code with --code stopping, which stops the worker for a moment`)]),
  ];
  if (pySpy === undefined)
    return [
      ...others,
      missing(
        'py-spy, which shows the code of Python workers, is in no folder that only root and this user can change.',
        'pip install py-spy (where drover runs with sudo: sudo pip install py-spy)',
      ),
    ];
  const here = ok(`${pySpy} shows what a stuck Python worker runs, without stopping it`);
  if (mayTraceOthers || yama === 0) return [here, ...others];
  return [here, ...others, missing('py-spy may not read the memory of other processes here.', 'Run drover with sudo.')];
}

/** Whether a process can be traced; `facts` is null when there is none of that number. */
export function processCheck(pid: number, facts: ProcessFacts | null, host: HostFacts, others: ProcessNames): Check {
  if (facts === null) {
    const replaced = others.servers.length === 0 ? '' : ` It may have been replaced: ${others.servers.join('; ')}.`;
    return missing(`No process ${pid}.${replaced}`, 'Find it with: ps -eo pid,ppid,user,args');
  }
  const { name, tracer, userId } = facts;
  if (facts.isKernelThread) return missing(`${pid} (${name}) is a thread of the kernel; it makes no system calls.`, '');
  if (facts.state === 'Z' || facts.state === 'X')
    return missing(`${pid} (${name}) is a zombie; there is nothing to trace.`, '');
  if (tracer !== 0) {
    const who = others.nameOf(tracer);
    return missing(
      `Process ${pid} (${name}) is already traced by pid ${tracer}${who === '' ? '' : ` (${who})`}. Only one tracer ` +
        'can attach.',
      `Stop that one first: kill -INT ${tracer}`,
    );
  }
  if (!host.mayTraceOthers && userId !== host.userId) {
    // Root without the capability is root of a container only.
    if (host.inContainer && host.userId === 0) return containerProblem();
    return missing(
      `Process ${pid} (${name}) belongs to user ${others.userName(userId)}.`,
      'Run drover as that user, or with sudo.',
    );
  }
  return ok(`process ${pid} (${name}) can be traced`);
}

/** Names that sentences need and processes do not tell. */
export interface ProcessNames {
  nameOf(pid: number): string;
  userName(userId: number): string;
  /** Servers that run now, a phrase each: `gunicorn runs as 4190 4191`. */
  readonly servers: readonly string[];
}

/** What to do about a tracer that is refused although all checks hold: a filter of system calls is not looked into. */
export function afterRefusal(usual: string, filtered = isFiltered()): string {
  return filtered
    ? 'A seccomp filter is on drover and may forbid it: run drover on the host, or start the container with ' +
        '--security-opt seccomp=unconfined.'
    : usual;
}

/** Throws the first check that does not hold. */
export function assertChecks(checks: readonly Check[]): void {
  const problem = checks.find(({ level }) => level === 'missing');
  if (problem !== undefined) throw new AttachError(problem.text, { hint: problem.fix });
}

/** Where another /proc is mounted, every pid that it shows means another process to the kernel. */
function procCheck({ hasOwnProc }: HostFacts): Check {
  if (hasOwnProc) return ok('/proc shows the processes of this pid namespace');
  return missing(
    '/proc shows the processes of another pid namespace than that of drover.',
    'Enter both: nsenter -t PID -m -p drover ..., or mount the right one: mount -t proc proc /proc',
  );
}

/** The programs compare pids inside the kernel, which knows those of the host only. */
function pidCheck({ hasHostPids }: HostFacts): Check {
  if (hasHostPids) return ok('pids are those of the host, as bpftrace counts them');
  return missing(
    'This is a container with pids of its own: bpftrace counts those of the host and would record nothing.',
    'For bpftrace run drover on the host, or in its pid namespace (docker --pid=host, Kubernetes hostPID: true).',
  );
}

function programCheck(program: 'strace' | 'bpftrace', host: HostFacts): Check {
  if (host.programs.has(program)) return ok(`${program} is installed`);
  const other = program === 'strace' ? 'bpftrace' : 'strace';
  const instead = host.programs.has(other) ? ` ${other} is here: --engine ${other}` : '';
  return missing(`${program} is not installed.`, `apt install ${PACKAGES[program]}.${instead}`);
}

/** The programs that make sure that no tracer outlives drover, its time or its space. */
function launchCheck({ programs }: HostFacts): Check {
  const lacking = ['setpriv', 'timeout', 'prlimit'].filter((program) => !programs.has(program));
  if (lacking.length === 0) return ok('setpriv, timeout and prlimit are installed: a tracer cannot outlive drover');
  const packages = [...new Set(lacking.map((program) => PACKAGES[program]))].join(' ');
  return missing(
    `${lacking.join(' and ')} ${lacking.length === 1 ? 'is' : 'are'} not installed: without it a tracer could ` +
      'outlive drover.',
    `apt install ${packages}`,
  );
}

function ptraceCheck(host: HostFacts): Check {
  if (host.yama === 3)
    return missing('Yama has turned tracing off until the next boot (ptrace_scope 3).', 'Use --engine bpftrace.');
  if (host.mayTraceOthers) return ok('this user may trace the processes of others');
  if (host.yama === 0) return ok('this user may trace its own processes');
  if (host.inContainer) return containerProblem();
  if (host.yama === 2) return missing('Only root may trace here (Yama, ptrace_scope 2).', 'Run drover with sudo.');
  return missing(
    'Only its parent may trace a process here (Yama, ptrace_scope 1).',
    'Run drover with sudo, or for this boot: sysctl kernel.yama.ptrace_scope=0',
  );
}

function containerProblem(): Check {
  return missing(
    'This container lacks CAP_SYS_PTRACE.',
    'Start it with --cap-add SYS_PTRACE, or run drover on the host, or: kubectl debug --profile=sysadmin',
  );
}

function rootCheck({ userId }: HostFacts): Check {
  if (userId === 0) return ok('drover runs as root');
  return missing('bpftrace needs root.', 'Run drover with sudo, or use --engine strace');
}

/** Root of a container is not root of the kernel. */
function capabilityCheck({ mayLoadPrograms }: HostFacts): Check {
  if (mayLoadPrograms) return ok('this root may load BPF programs');
  return missing(
    'This root may not load BPF programs: it lacks CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN.',
    'Run drover on the host, or start the container with --privileged, or use --engine strace.',
  );
}

function tracingCheck({ tracing }: HostFacts): Check {
  if (tracing !== '') return ok(`the kernel's tracing files are mounted at ${tracing}`);
  return missing("The kernel's tracing files are not mounted.", 'mount -t tracefs nodev /sys/kernel/tracing');
}

function kernelCheck({ lockdown, architecture }: HostFacts): Check {
  if (lockdown === 'confidentiality')
    return missing(
      'The lockdown of Secure Boot (confidentiality) blocks BPF.',
      'Use --engine strace, or capture elsewhere.',
    );
  if (architecture !== 'x64' && architecture !== 'arm64')
    return missing(`The numbers of system calls on ${architecture} are not known to drover.`, 'Use --engine strace');
  return ok('the kernel accepts BPF programs');
}

function ok(text: string): Check {
  return { level: 'ok', text, fix: '' };
}

function missing(text: string, fix: string): Check {
  return { level: 'missing', text, fix };
}

/** A program and its words. */
export type Argv = readonly [string, ...string[]];

export interface LaunchLimits {
  /** The tracer ends by itself after this many seconds, whatever became of drover. */
  readonly seconds: number;
  /** No file of the tracer grows beyond this, whatever became of drover. */
  readonly bytes: number;
  /** The limit is moved while it runs, since the beginning of the file is freed. */
  readonly moves?: boolean;
}

/** How long a tracer that was asked to leave may take. */
const KILL_AFTER_SECONDS = 2;
/**
 * strace and prlimit end by SIGXFSZ at the limit; drover stops them before, and this is for the case that it cannot.
 */
export const LIMIT_SLACK = 1.25;

/**
 * Attaches strace to running processes and whatever they start from then on. `-q`: beside its file it would say of each
 * thread that it attached, for days.
 */
export function straceAttach(pids: readonly number[], file: string, limits: LaunchLimits): Argv {
  return guarded(
    ['strace', '-f', '-q', '-ttt', '-T', '-y', '-s', '128', '-o', file, ...pids.flatMap((pid) => ['-p', String(pid)])],
    limits,
  );
}

/**
 * What `run` records: calls of descriptors, files, processes and waiting. With a filter in the kernel all other calls
 * run at full speed, which strace offers only for programs that it starts itself.
 */
const RUN_CALLS =
  '%network,%desc,%file,%process,futex,nanosleep,clock_nanosleep,sched_yield,kill,tgkill,tkill,pause,rt_sigtimedwait,getpid,getppid,gettid,brk';
/** How long a program that was asked to end may take: a server finishes its requests. */
export const RUN_KILL_AFTER_SECONDS = 10;

/**
 * Starts a program under strace. It cannot outlive its tracer: the filter stays in it, and calls that nobody looks at
 * fail. So the guards end the program (they signal its whole group), and strace ends after it.
 */
export function straceRun(program: readonly string[], file: string, seconds: number): Argv {
  return [
    'setpriv',
    '--pdeathsig',
    'TERM',
    'timeout',
    '--signal=TERM',
    `--kill-after=${RUN_KILL_AFTER_SECONDS}`,
    String(seconds),
    'strace',
    '-f',
    '--seccomp-bpf',
    '-e',
    `trace=${RUN_CALLS}`,
    '-ttt',
    '-T',
    '-y',
    '-s',
    '128',
    '-o',
    file,
    '--',
    ...program,
  ];
}

/**
 * A tracer that survives neither drover (death signal), nor its time (timeout), nor its space (file size). Each was
 * seen to go wrong: without the death signal strace outlives `kill -9` of drover, slows the workers down for good and
 * fills the disk.
 */
export function guarded(
  tracer: Argv,
  { seconds, bytes, moves = false }: LaunchLimits,
  killAfterSeconds = KILL_AFTER_SECONDS,
): Argv {
  return [
    'setpriv',
    '--pdeathsig',
    'TERM',
    'timeout',
    '--signal=INT',
    `--kill-after=${killAfterSeconds}`,
    String(seconds),
    'prlimit',
    // With a colon only the soft limit, which can be raised.
    `--fsize=${Math.ceil(bytes * LIMIT_SLACK)}${moves ? ':' : ''}`,
    '--core=0',
    ...tracer,
  ];
}

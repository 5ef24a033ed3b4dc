/** A program and its words. */
export type Command = readonly [string, ...string[]];

export interface LaunchLimits {
  /** The tracer ends by itself after this many seconds, whatever became of drover. */
  readonly seconds: number;
  /** No file of the tracer grows beyond this, whatever became of drover. */
  readonly bytes: number;
}

/** How long a tracer that was asked to leave may take. */
export const KILL_AFTER_SECONDS = 2;
/** strace and prlimit end by SIGXFSZ at the limit; drover stops them before, and this is for the case that it cannot. */
const LIMIT_SLACK = 1.25;

/** Attaches strace to running processes and whatever they start from then on. */
export function straceAttach(pids: readonly number[], file: string, limits: LaunchLimits): Command {
  return guarded(['strace', '-f', '-ttt', '-T', '-y', '-s', '128', '-o', file, ...pids.flatMap((pid) => ['-p', String(pid)])], limits);
}

/**
 * A tracer that survives neither drover (death signal), nor its time (timeout), nor its space (file size). Each was seen to go wrong:
 * without the death signal strace outlives `kill -9` of drover, slows the workers down for good and fills the disk.
 */
export function guarded(tracer: Command, { seconds, bytes }: LaunchLimits): Command {
  return [
    'setpriv',
    '--pdeathsig',
    'TERM',
    'timeout',
    '--signal=INT',
    `--kill-after=${KILL_AFTER_SECONDS}`,
    String(seconds),
    'prlimit',
    `--fsize=${Math.ceil(bytes * LIMIT_SLACK)}`,
    '--core=0',
    ...tracer,
  ];
}

/** What one run took. */
export interface Run {
  readonly cpuMs: number;
  readonly peakMegabytes: number;
  readonly reportBytes: number;
}

/** Runs at 1×, 2×, 4× and 8×, in this order, or at the last of these sizes alone; null: drover did not get through. */
export type Runs = readonly (Run | null)[];

/** Twice as much may take so many times as long. n log n comes to 2.2; where half of the time is quadratic, 2.7. */
export const MOST_FOR_TWICE = 2.4;
/** The same from 2× to 8×, where no single step is over its limit: n log n comes to 4.6. */
export const MOST_FOR_FOUR_TIMES = 5.2;
/**
 * From 1× to 8× it takes at least so many times as long: less is a step, as where a parser thread is worth its start.
 */
const LEAST_FOR_ALL = 5;
/** Below this, beyond what the start takes, garbage collection and the compiler decide what a run takes. */
export const LEAST_MS = 400;
export const MOST_MEGABYTES = 300;
export const MOST_REPORT_BYTES = 5_000_000;

export const WORSE = 'worse than linear';

/**
 * What is wrong with how a class grows, in words for the table; empty when nothing is. `startMs` is what drover takes
 * for a capture of one line.
 */
export function troubleWith(runs: Runs, startMs: number): string[] {
  if (runs.includes(null)) return ['did not get through'];
  const trouble: string[] = [];
  if (isWorseThanLinear(runs, startMs)) trouble.push(WORSE);
  if (runs.some((run) => (run?.peakMegabytes ?? 0) > MOST_MEGABYTES)) trouble.push(`more than ${MOST_MEGABYTES} MB`);
  if (runs.some((run) => (run?.reportBytes ?? 0) > MOST_REPORT_BYTES)) trouble.push('report over 5 MB');
  return trouble;
}

/**
 * Whether the last doubling, or the last two together, took too many times as long; so does a run that did not get
 * through.
 */
export function isWorseThanLinear(runs: Runs, startMs: number): boolean {
  if (runs.includes(null)) return true;
  const work = (index: number): number => Math.max((runs.at(index)?.cpuMs ?? 0) - startMs, 1);
  if (work(-1) < LEAST_MS) return false;
  // Of two sizes alone one cannot tell a step from growth: what looks bad is to be run at all sizes.
  if (runs.length < 3) return growthOf(runs, startMs) > MOST_FOR_TWICE;
  if (work(-1) < LEAST_FOR_ALL * work(0)) return false;
  return growthOf(runs, startMs) > MOST_FOR_TWICE || work(-1) / Math.max(work(-3), LEAST_MS / 8) > MOST_FOR_FOUR_TIMES;
}

/** How many times the CPU time of 4× that of 8× is, beyond the start. */
export function growthOf(runs: Runs, startMs: number): number {
  const [four, eight] = runs.slice(-2).map((run) => (run?.cpuMs ?? 0) - startMs);
  return (eight ?? 0) / Math.max(four ?? 0, LEAST_MS / 4);
}

/** The best of two series of runs, size by size: what the rest of the machine did only makes a run slower. */
export function bestOf(first: Runs, second: Runs): Runs {
  return first.map((run, index) => {
    const other = second[index] ?? null;
    if (run === null || other === null) return run ?? other;
    return run.cpuMs <= other.cpuMs ? run : other;
  });
}

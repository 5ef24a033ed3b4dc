import type { Cost } from '../../src/trace/record.ts';
import { LONGEST_CAPTURE, UNKNOWN } from '../../src/trace/time.ts';

/** In front of all that drover notes in a capture of strace: messages of the tracer begin so. */
export const NOTED_BY_DROVER = 'strace: drover: event=';
/** In front of such a line there. */
export const COST_IN_STRACE = 'strace: drover: event=cost ';

/**
 * Reads what drover notes of the cost of tracing behind a capture: `for=10000000000 tracer=120000000 drover=30000000
 * kernel=5000000`; null when it cannot be that. Without `kernel` nobody counted that part.
 */
export function readCost(words: string): Pick<Cost, 'lasted' | 'tracer' | 'drover' | 'kernel'> | null {
  const found = new Map<string, number>();
  for (const [, key = '', value = ''] of words.matchAll(/(?:^| )([a-z]{1,10})=(\d{1,20})(?= |$)/g))
    found.set(key, Number(value));
  const lasted = found.get('for') ?? 0;
  const [tracer, drover, kernel = UNKNOWN] = [found.get('tracer'), found.get('drover'), found.get('kernel')];
  const isTime = (value: number | undefined): value is number => value !== undefined && value <= LONGEST_CAPTURE;
  if (!(lasted > 0 && isTime(lasted)) || !isTime(tracer) || !isTime(drover) || !isTime(kernel)) return null;
  return { lasted, tracer, drover, kernel };
}

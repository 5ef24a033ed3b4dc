import { PerProcess } from './owned-state.ts';
import type { Process } from './process.ts';
import type { PastStop } from './stop.ts';

/** The longest stop of each process that was over before the capture was; `following/stops.ts` notes it. */
export const longestStops = new PerProcess<PastStop>();

/** What of that process is known; undefined where it was never stopped, or still is. */
export function longestStopOf(process: Process): PastStop | undefined {
  return longestStops.of(process);
}

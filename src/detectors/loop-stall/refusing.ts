import { FailureTracker } from '../../model/topics/failures/failure-tracker.ts';
import { plural } from '../../trace/format-numbers.ts';
import { bareName } from '../cause-names.ts';
import type { Context } from '../detector.ts';

/** A service that a library of the worker tries to reach in vain. */
export interface Refusing {
  readonly address: string;
  /** `43 of 43 connects to 127.0.0.1:19092 failed with ECONNREFUSED`. */
  readonly inWords: string;
}

/** The first of these services to which most connects failed; null where none did. */
export function refusingOf({ model }: Context, helpers: readonly string[]): Refusing | null {
  const addresses = new Set(helpers.map(bareName));
  const tracker = model.topic(FailureTracker);
  for (const { call, errno, target, failed } of tracker.all()) {
    const tries = Math.max(failed, tracker.triesOf(target));
    if (call !== 'connect' || !addresses.has(target) || failed * 2 < tries) continue;
    return { address: target, inWords: `${failed} of ${plural(tries, 'connect')} to ${target} failed with ${errno}` };
  }
  return null;
}

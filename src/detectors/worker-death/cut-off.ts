import type { Death } from '../../model/topics/deaths/death-tracker.ts';
import { ASKED } from '../../model/topics/deaths/sent-signals.ts';

/**
 * It was ended in the middle of a request, and its parent started another: php-fpm does so when its patience is over.
 * Whoever ends all of its workers starts none.
 */
export function isCutOff({ signal, cutOff, replacedBy }: Death): boolean {
  return ASKED.has(signal) && cutOff !== null && replacedBy > 0;
}

import { UNKNOWN } from '../../trace/time.ts';
import type { Thread } from './thread.ts';
import type { Turn } from './turn.ts';

/**
 * Whether a turn was part of the start of its process, which the capture shows: when it ended, its thread looked after
 * no listener and the process had read no request, so that nobody can have waited for it.
 */
export function isStarting({ process, accepts }: Thread, { end }: Pick<Turn, 'end'>): boolean {
  if (!process.isWhole || process.requests > 0 || process.accepted > 0) return false;
  if (process.heardAt !== UNKNOWN && process.heardAt < end) return false;
  for (const listener of accepts.listeners) {
    const { from = end } = accepts.tending.of(listener) ?? {};
    if (from < end) return false;
  }
  return true;
}

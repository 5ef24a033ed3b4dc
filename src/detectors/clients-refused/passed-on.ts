import { count } from '../../trace/format-numbers.ts';
import type { Step } from '../finding.ts';
import type { Before, Refusals } from './refusals.ts';

const NAMED = 3;
/** A service behind refused so many of them: the server that was traced only says so. */
const NEARLY_ALL = 0.9;

export interface PassedOn {
  readonly target: string;
  readonly count: number;
}

/** Which services behind had refused these requests before, in the same way. */
export function passedOnBy({ passedOn }: Refusals): PassedOn[] {
  return [...passedOn]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, NAMED)
    .map(([target, times]) => ({ target, count: times }));
}

/** The service behind that refused nearly all of them; null where none did. */
export function refusedBy(refusals: Refusals): string | null {
  const [first] = passedOnBy(refusals);
  return first !== undefined && first.count >= NEARLY_ALL * refusals.count && first.target !== '' ? first.target : null;
}

/** What a proxy says itself when it could not ask. */
const OF_PROXY = /^status 50[234]$/;

/** Whose error it is, as a sentence; '' where the capture does not tell. */
export function whose(refusals: Refusals, failed: readonly Before[]): string {
  const { refusal, count: all, passedOn } = refusals;
  const status = refusal.code.replace('status ', '');
  const [first] = passedOnBy(refusals);
  if (first !== undefined) {
    const of = first.count === all ? (all === 1 ? 'it' : 'all of them') : `${count(first.count)} of them`;
    return ` ${first.target || 'A service behind'} had answered ${status} to ${of}: this server passed that on.`;
  }
  const wasRefused = failed.some(({ call }) => call === 'connect');
  if (!OF_PROXY.test(refusal.code) || passedOn.size > 0 || !wasRefused) return '';
  return ` No answer with ${status} came from a service behind: this server made the error itself.`;
}

/** What to do where a service behind refuses. */
export function seeBehind(target: string, code: string): Step {
  return {
    text: `Look at ${target} first: it answers ${code.replace('status ', '')}, and this server only passes that on.`,
  };
}

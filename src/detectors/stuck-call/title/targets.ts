import type { ThreadAtEnd } from '../../../model/at-end/at-end.ts';

const MOST_FDS = 3;

/** What a thread hangs on: an address, a descriptor, a path; null where the call names nothing. */
export function targetOf({ left: { target, path } }: ThreadAtEnd): string | null {
  return target === '' ? (path === '' ? null : path) : target;
}

/** Words that end with the descriptor of one of them; each may wait on a descriptor of its own. */
export function ofAll(words: string, sorted: readonly ThreadAtEnd[]): string {
  const fds = [...new Set(sorted.map(({ left }) => left.fd))];
  if (fds.length === 1) return words;
  const [last, ...others] = fds.toReversed();
  const named = fds.length > MOST_FDS ? 'fds' : `fds ${others.toReversed().join(', ')} and ${last}`;
  return words.replace(/\bfd \d+(?=$|,)/, named);
}

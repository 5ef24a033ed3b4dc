import { causesIn, severityOf } from '../../src/analysis/causes.ts';
import type { Finding, Report } from '../../src/index.ts';

/** Addresses, sockets and files that a title names. */
const TARGET = /\b\d+\.\d+\.\d+\.\d+:\d+\b|unix:[^ )]+|(?<= )\/[\w./#-]+/g;
const REQUEST = /^(?:Work after )?([A-Z]+ \/[^ :]*)/;
/** `app.py:12`. */
const PLACE = /\b[\w-]+\.\w+:\d+\b(?! )/g;

/**
 * Causes of the first rank that name the same thing and so are told twice, a sentence each; none where one cause is one
 * finding. Two requests that wait for one service are two causes: each is a place in the code.
 */
export function toldTwice({ findings }: Report): string[] {
  const serious = causesIn(findings).filter((finding) => severityOf(finding, findings) !== 'info');
  return serious.flatMap((finding, index) =>
    serious.slice(index + 1).flatMap((other) => {
      const shared = inCommon(finding, other);
      return shared === '' ? [] : [`${shared}: "${finding.title}" and "${other.title}"`];
    }),
  );
}

/** What two findings are both about; '' for nothing. */
function inCommon(one: Finding, other: Finding): string {
  const [first, second] = [requestOf(one), requestOf(other)];
  const named = new Set(namesIn(other));
  const shared = namesIn(one).find((name) => named.has(name)) ?? '';
  if (first !== '' && second !== '' && first !== second) return '';
  // A request can wait for one thing, and compute at another time.
  if (first !== '' && first === second && one.kind !== other.kind) return first;
  // A listener is where a server is, not what it waits for.
  const isListener = [one, other].some(({ metrics: { listener } }) => listener === shared);
  return isListener ? '' : shared;
}

function requestOf({ title }: Finding): string {
  return REQUEST.exec(title)?.[1] ?? '';
}

function namesIn({ title }: Finding): readonly string[] {
  return [...title.matchAll(TARGET), ...title.matchAll(PLACE)].map(([name]) => name);
}

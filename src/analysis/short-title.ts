import { cutTitle } from '../detectors/cut-title.ts';

/** What gives way in a title that is too long, what matters least first; what is left is still true. */
const GIVES_WAY: readonly (readonly [part: RegExp, instead: string])[] = [
  // The call, how often, the request of what is about a worker.
  [/ \([a-z_\d]+\)$/, ''],
  [/ \([\d,]+x\)/, ''],
  [/ \([^()]*\)$/, ''],
  [/ for(?= [\d,.]+ m?s\b)/, ''],
  [/(?<=: )mostly (?=computes)/, ''],
  [/(?<=: computes, or )waits for a CPU/, 'no CPU'],
  // The address of a service says more than what the service speaks.
  [/(?<=\bwaits for )[A-Z]\w* (?=\S*[:/]\S)/, ''],
];

/** The same where the name of a worker has to give way, too: on another host the number is another one. */
const WHO_GIVES_WAY: readonly (readonly [part: RegExp, instead: string])[] = [
  [
    / holds (?:a worker|worker \d+|(?:both|all [\d,]+|[\d,]+) workers) (?=up to|at least|[\d,.]+ (?:m?s|min)\b)/,
    ' takes ',
  ],
];

/** In a table of hosts, which has the longest time in a column, or a line below. */
const TIME_GIVES_WAY: readonly (readonly [part: RegExp, instead: string])[] = [
  [/ takes (?:up to |at least )?[\d,.]+ (?:m?s|min)(?=: )/, ''],
  [/(?<=\bwaited )(?:up to |at least )?[\d,.]+ (?:m?s|min) (?=for )/, ''],
];

/** A title in so much room: without as much of what matters least as makes it fit; it may still be too long. */
export function withoutLeast(title: string, room: number): string {
  return giving(title, room, GIVES_WAY);
}

/** The same of a title that several hosts have, or that stands behind the name of a host; cut where it is too long. */
export function shortTitleOnHosts(title: string, room: number): string {
  return cutTitle(giving(title, room, [...GIVES_WAY, ...WHO_GIVES_WAY]), room);
}

/** The same in a row of a table of hosts, where whom it waits for is what tells the sick host. */
export function shortInHostTable(title: string, room: number): string {
  return cutTitle(giving(title, room, [...GIVES_WAY, ...WHO_GIVES_WAY, ...TIME_GIVES_WAY]), room);
}

function giving(title: string, room: number, ways: typeof GIVES_WAY): string {
  let text = title;
  for (const [part, instead] of ways) if (text.length > room) text = text.replace(part, instead);
  return text;
}

import { LONGEST_TITLE } from '../detectors/cut-title.ts';
import type { HostNoun } from './host-noun.ts';
import { shortTitleOnHosts } from './short-title.ts';

/**
 * `11 of 12 hosts: GET /b holds …`. On several hosts it is about a worker of each, and figures are those of the worst.
 */
export function titleOnHosts(title: string, names: readonly string[], count: number, noun: HostNoun): string {
  const [name = ''] = names;
  if (names.length === 1) return fitted(name, title);
  const who = names.length < count ? `${names.length} of ${count} ${noun}s` : allOf(count, noun);
  return fitted(who, onEach(title));
}

/** The title of a finding on several hosts without who has it. */
export function withoutHosts(title: string): string {
  return title.replace(/^(?:Both|All \d+|\d+ of \d+) (?:host|capture)s: /, '');
}

function allOf(count: number, noun: HostNoun): string {
  return count === 2 ? `Both ${noun}s` : `All ${count} ${noun}s`;
}

/** A worker has another number on each host; how often and how long is that of the worst one. */
function onEach(title: string): string {
  return title
    .replace(/\bholds worker \d+ (?:for (?=\d)|(?=\d))/, 'holds a worker up to ')
    .replace(/\bholds worker \d+/, 'holds a worker')
    .replace(/^Worker \d+ stalled (?=\d)/, 'A worker stalled up to ')
    .replace(/^Worker \d+ /, 'A worker ')
    .replace(/ \([\d,]+x\)/, '');
}

const fitted = (who: string, title: string): string => shortTitleOnHosts(`${who}: ${title}`, LONGEST_TITLE);

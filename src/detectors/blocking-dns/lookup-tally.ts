import type { KeptLine } from '../../model/evidence.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { NameLookup } from '../../model/topics/names/name-lookup.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { LongestWaits } from '../longest-waits.ts';

const MOST_NAMES = 100;
const MOST_SERVERS = 8;
const EVIDENCE = 6;

const SUMS = [
  'count',
  'total',
  'questions',
  'timeouts',
  'timedOut',
  'noSuchName',
  'failures',
  'searched',
  'overTcp',
  'openAtEnd',
  'unanswered',
] as const;

interface NameTally {
  count: number;
  total: Nanoseconds;
  longest: Nanoseconds;
}

/** Lookups of one request line. */
interface RequestTally {
  count: number;
  total: Nanoseconds;
  longest: NameLookup;
}

/** Sums over lookups, within bounds. */
export class LookupTally {
  count = 0;
  total: Nanoseconds = 0;
  questions = 0;
  timeouts = 0;
  /** Lookups with a timeout. */
  timedOut = 0;
  noSuchName = 0;
  failures = 0;
  /** Lookups that tried several names. */
  searched = 0;
  overTcp = 0;
  /** Lookups that had not ended when the trace did. */
  openAtEnd = 0;
  /** Lookups that waited in vain: no name server answered. */
  unanswered = 0;
  first: Nanoseconds = 0;
  last: Nanoseconds = 0;
  longest: NameLookup | null = null;
  readonly longestWaits = new LongestWaits();
  readonly threads = new Set<Thread>();
  readonly names = new Map<string, NameTally>();
  readonly servers = new Map<string, number>();
  /** Tries without an answer by server. */
  readonly silent = new Map<string, number>();
  readonly requests = new Map<string, RequestTally>();
  lines: readonly KeptLine[] = [];

  /** All of them together. */
  static of(tallies: readonly LookupTally[]): LookupTally {
    const all = new LookupTally();
    for (const tally of tallies) all.#absorb(tally);
    return all;
  }

  #absorb(other: LookupTally): void {
    this.first = this.count === 0 ? other.first : Math.min(this.first, other.first);
    this.last = this.count === 0 ? other.last : Math.max(this.last, other.last);
    for (const sum of SUMS) this[sum] += other[sum];
    this.longestWaits.absorb(other.longestWaits);
    for (const thread of other.threads) this.threads.add(thread);
    for (const [name, { count, total, longest }] of other.names) {
      const known = this.names.get(name) ?? { count: 0, total: 0, longest: 0 };
      this.names.set(name, {
        count: known.count + count,
        total: known.total + total,
        longest: Math.max(known.longest, longest),
      });
    }
    for (const [server, times] of other.servers) this.servers.set(server, (this.servers.get(server) ?? 0) + times);
    for (const [server, times] of other.silent) this.silent.set(server, (this.silent.get(server) ?? 0) + times);
    for (const [request, { count, total, longest }] of other.requests) {
      const known = this.requests.get(request) ?? { count: 0, total: 0, longest };
      this.requests.set(request, {
        count: known.count + count,
        total: known.total + total,
        longest: longest.blocked > known.longest.blocked ? longest : known.longest,
      });
    }
    const isLonger = (other.longest?.blocked ?? 0) > (this.longest?.blocked ?? 0);
    this.lines = (isLonger ? [...other.lines, ...this.lines] : [...this.lines, ...other.lines]).slice(0, EVIDENCE);
    if (isLonger) this.longest = other.longest;
  }

  add(lookup: NameLookup): void {
    this.first = this.count === 0 ? lookup.start : Math.min(this.first, lookup.start);
    this.last = this.count === 0 ? lookup.end : Math.max(this.last, lookup.end);
    this.count++;
    this.total += lookup.blocked;
    this.longestWaits.add(lookup.thread, lookup.start, lookup.end);
    this.questions += lookup.questions;
    this.timeouts += lookup.timeouts;
    this.noSuchName += lookup.noSuchName;
    this.failures += lookup.failures;
    if (lookup.timeouts > 0) this.timedOut++;
    if (lookup.names > 1) this.searched++;
    if (lookup.overTcp) this.overTcp++;
    if (lookup.openAtEnd) this.openAtEnd++;
    if (lookup.answers === 0 && (lookup.timeouts > 0 || lookup.openAtEnd)) this.unanswered++;
    this.threads.add(lookup.thread);
    this.#name(lookup);
    for (const server of lookup.servers) addOne(this.servers, server, MOST_SERVERS);
    for (const server of lookup.silent) addOne(this.silent, server, MOST_SERVERS);
    this.#request(lookup);
    if (this.longest === null || lookup.blocked > this.longest.blocked) {
      this.longest = lookup;
      this.lines = [...lookup.lines, ...this.lines].slice(0, EVIDENCE);
    }
  }

  #name({ name, blocked }: NameLookup): void {
    const known = this.names.get(name);
    if (known === undefined) {
      if (this.names.size < MOST_NAMES) this.names.set(name, { count: 1, total: blocked, longest: blocked });
      return;
    }
    known.count++;
    known.total += blocked;
    known.longest = Math.max(known.longest, blocked);
  }

  #request(lookup: NameLookup): void {
    const { request, blocked } = lookup;
    if (request === '') return;
    const known = this.requests.get(request);
    if (known === undefined) {
      if (this.requests.size < MOST_NAMES) this.requests.set(request, { count: 1, total: blocked, longest: lookup });
      return;
    }
    known.count++;
    known.total += blocked;
    if (blocked > known.longest.blocked) known.longest = lookup;
  }
}

function addOne(counts: Map<string, number>, key: string, most: number): void {
  const known = counts.get(key);
  if (known !== undefined || counts.size < most) counts.set(key, (known ?? 0) + 1);
}

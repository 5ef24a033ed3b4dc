import type { Call } from '../../../trace/record.ts';
import { type Nanoseconds, UNKNOWN } from '../../../trace/time.ts';
import { type KeptLine, keptLine } from '../../evidence.ts';
import { DESCRIPTOR_GROUPS, type DescriptorGroup, groupOf } from '../../machine/descriptor-groups.ts';
import { type Descriptor, describeTarget } from '../../machine/descriptors.ts';
import { PerDescriptor, PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';
import type { Thread } from '../../machine/thread.ts';
import { type Tracker, TrackerBase } from '../../tracker.ts';

/** The first grid, and how many points are kept: when they are full, every second one goes and the grid doubles. */
const FIRST_INTERVAL = 100_000_000;
const POINTS = 64;
/** Up to so many processes are counted at each point of the grid. */
const OFTEN_COUNTED = 1_024;
/** So many processes are looked at for each call of the trace, at most. */
const LOOKS_FOR_A_CALL = 64;
/** From such growth on the openings of a process are remembered, so many between two points. */
const WATCHED_GROWTH = 10;
const NOTED_OPENINGS = 100;
const GROUPS_SHOWN = 5;
const EVIDENCE = 6;
/** So many sockets may be waiting for their close at a time in a busy server. */
const ENDED_AND_USUAL = 2;
const MOST_NAMES = 200;
const MOST_ENDED = 200;

/** The line that opened a descriptor and the request that was being served, in processes that open more and more. */
const openings = new PerDescriptor<{ readonly line: KeptLine; readonly request: string }>();
const ends = new PerDescriptor<OtherEnd>();
const censuses = new PerProcess<Census>();
const unclosed = new PerProcess<Unclosed>();

/** Sockets of a process of which the other end has closed. */
class Unclosed {
  /** Those that are open. */
  sockets = 0;
  /** All that there were. A close is a change of the descriptors: the two may not make up for each other. */
  seen = 0;
}

/**
 * When the other end of a socket was seen to have closed, and the line that shows it, for processes in which such
 * sockets stay open.
 */
export interface OtherEnd {
  readonly closedAt: Nanoseconds;
  readonly line: KeptLine | null;
}

/** How many descriptors a process had open, over time; null before the first count. */
export function censusOf(process: Process): Census | null {
  return censuses.of(process) ?? null;
}

/** How many descriptors a process had open. */
export interface CensusPoint {
  readonly time: Nanoseconds;
  /** Requests it had read by then. */
  readonly requests: number;
  /** Requests that were read and not answered. */
  readonly inFlight: number;
  /** Opened while traced; sockets only when no second request used them. */
  readonly counts: Readonly<Record<DescriptorGroup, number>>;
  /** All that are known to be open, clients included. */
  readonly open: number;
}

/** What is left open of a group. */
export interface LeftOpen {
  /** What they are, numbers masked, with how many; the most frequent first. */
  readonly names: readonly (readonly [name: string, count: number])[];
  /** While which requests they were opened. */
  readonly requests: readonly (readonly [request: string, count: number])[];
  readonly lines: readonly KeptLine[];
}

/** The count of one process over time. */
export class Census {
  points: CensusPoint[] = [];
  /** Something grows: openings are worth a line from now on, up to a budget. */
  isWatching = false;
  budget = 0;
  /** What was open at the last count that followed a request; a process that ends closes everything. */
  leftOpen: ReadonlyMap<DescriptorGroup, LeftOpen> | null = null;
  /**
   * Sockets that the other end had closed and we had not, without those of requests that were being answered; and when
   * that was so.
   */
  ended: readonly (OtherEnd & { readonly descriptor: Descriptor })[] = [];
  endedAsOf: Nanoseconds = UNKNOWN;
  /** False when some were closed since then, with no request behind that: perhaps by a process that ends. */
  isEndedCurrent = true;
  /** Openings and closings, and ends, up to the last count. */
  changes = -1;
  seenEnds: number | undefined = undefined;
}

/** Counts open descriptors now and then, on a grid that becomes coarser with the length of the trace. */
export class DescriptorCensus extends TrackerBase implements Tracker {
  #interval = FIRST_INTERVAL;
  /** Calls that pass before the next count, however late it is. */
  #rest = 0;
  /** When the next count is due. */
  dueAt: Nanoseconds = UNKNOWN;

  /**
   * A count that is due. In a trace of days every call comes after it was due: looks at processes are no more than some
   * for each call.
   */
  due(now: Nanoseconds, all: () => readonly Process[]): void {
    if (this.#rest > 0) {
      this.#rest--;
      return;
    }
    const processes = all();
    this.#rest = Math.floor(processes.length / LOOKS_FOR_A_CALL);
    // A look at very many processes takes its time: they are counted more rarely.
    this.dueAt = now + this.#interval * Math.ceil(Math.max(1, processes.length) / OFTEN_COUNTED);
    if (!this.inWindow(now)) return;
    let fullest = 0;
    for (const process of processes) fullest = Math.max(fullest, count(process, now).points.length);
    if (fullest < POINTS) return;
    this.#interval *= 2;
    for (const process of processes) {
      const census = censusOf(process);
      if (census !== null) census.points = census.points.filter((_point, index) => index % 2 === 0);
    }
  }

  /** A descriptor was opened, perhaps by a process that opens more and more. */
  opened(call: Call, thread: Thread, descriptor: Descriptor): void {
    const census = censusOf(thread.process);
    if (census === null || !census.isWatching || census.budget === 0) return;
    census.budget--;
    openings.set(descriptor, { line: keptLine(call), request: thread.loop.owner?.line ?? '' });
  }

  /** A read found that the other end has closed: from now on it is for us to close. */
  endOfFile(call: Call, { process }: Thread, descriptor: Descriptor): void {
    if (ends.of(descriptor) !== undefined) return;
    const open = unclosed.of(process) ?? unclosed.set(process, new Unclosed());
    open.seen++;
    const line = ++open.sockets > ENDED_AND_USUAL ? keptLine(call) : null;
    ends.set(descriptor, { closedAt: call.end, line });
  }

  closed(_call: Call, { process }: Thread, descriptor: Descriptor): void {
    if (ends.of(descriptor) === undefined) return;
    // Whose socket it is shows when it is read: another process may close it.
    const open = unclosed.of(process) ?? unclosed.set(process, new Unclosed());
    open.sockets--;
  }
}

function count(process: Process, time: Nanoseconds): Census {
  const census = censuses.of(process) ?? censuses.set(process, new Census());
  // Most processes of a large capture are idle, or gone without a word.
  if (process.exitedAt !== UNKNOWN) return census;
  const { changes } = process.descriptors;
  const seenEnds = unclosed.of(process)?.seen;
  const isAsBefore = census.changes === changes && census.seenEnds === seenEnds;
  if (isAsBefore && census.points.at(-1)?.requests === process.requests) {
    if (census.isEndedCurrent) census.endedAsOf = time;
    return census;
  }
  census.changes = changes;
  census.seenEnds = seenEnds;
  const { descriptors } = process;
  const [file, socket, pipe, event] = [
    descriptors.forgotten('file'),
    descriptors.forgotten('socket'),
    descriptors.forgotten('pipe'),
    descriptors.forgotten('event'),
  ];
  const counts = { file, socket, pipe, event };
  const ended: Census['ended'][number][] = [];
  let open = file + socket + pipe + event + descriptors.forgotten(null);
  let inFlight = 0;
  for (const [, descriptor] of descriptors.entries()) {
    open++;
    if (descriptor.connection?.request.inProgress) inFlight++;
    else {
      const end = ends.of(descriptor);
      if (end !== undefined && ended.length < MOST_ENDED) ended.push({ descriptor, ...end });
    }
    const group = groupOf(descriptor);
    if (group !== null) counts[group]++;
  }
  const first = census.points[0]?.counts;
  const served = process.requests > (census.points.at(-1)?.requests ?? 0);
  census.points.push({ time, requests: process.requests, inFlight, counts, open });
  census.budget = NOTED_OPENINGS;
  census.isWatching ||=
    first !== undefined && DESCRIPTOR_GROUPS.some((group) => counts[group] - first[group] >= WATCHED_GROWTH);
  if (served && census.isWatching)
    census.leftOpen = new Map(DESCRIPTOR_GROUPS.map((group) => [group, leftOpen(process, group)]));
  census.isEndedCurrent = served || ended.length >= census.ended.length;
  if (census.isEndedCurrent) {
    census.ended = ended;
    census.endedAsOf = time;
  }
  return census;
}

function leftOpen(process: Process, group: DescriptorGroup): LeftOpen {
  const names = new Map<string, number>();
  const requests = new Map<string, number>();
  const lines: KeptLine[] = [];
  for (const [fd, descriptor] of process.descriptors.entries()) {
    if (groupOf(descriptor) !== group) continue;
    add(
      names,
      describeTarget(fd, descriptor)
        .replace(/fd \d+/, 'without a name')
        .replace(/\d+(?=[^:\d]|$)/g, group === 'file' ? 'N' : '$&'),
    );
    const opening = openings.of(descriptor);
    if (opening === undefined) continue;
    if (opening.request !== '') add(requests, opening.request);
    if (lines.length < EVIDENCE) lines.push(opening.line);
  }
  return { names: most(names), requests: most(requests), lines };
}

function add(counts: Map<string, number>, key: string): void {
  const known = counts.get(key);
  if (known !== undefined || counts.size < MOST_NAMES) counts.set(key, (known ?? 0) + 1);
}

function most(counts: ReadonlyMap<string, number>): (readonly [string, number])[] {
  return [...counts].toSorted((a, b) => b[1] - a[1]).slice(0, GROUPS_SHOWN);
}

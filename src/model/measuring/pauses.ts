import type { Call } from '../../trace/record.ts';
import { MILLISECOND, type Nanoseconds, SECOND } from '../../trace/time.ts';
import { cannotSleep, isBrief } from '../machine/cannot-sleep.ts';
import type { Process } from '../machine/process.ts';
import type { Thread } from '../machine/thread.ts';
import type { Tracker } from '../tracker.ts';

/** Shorter ones are scheduling, or the tracer. */
export const LEAST_PAUSE = 20 * MILLISECOND;
/** Of more than these the longer half is kept. */
const MOST_PAUSES = 4_096;
/** The longest of a process that a rhythm is looked for in. */
const MOST_COMPARED = 200;
/**
 * Periods of CPU quotas that are in use: 100 ms is the kernel's, systemd's and Kubernetes' own, and 1 s is the longest
 * that the kernel takes.
 */
const PERIODS = [1000, 500, 250, 200, 100, 50].map((ms) => ms * MILLISECOND);
/**
 * Ends of pauses that lie no further before and behind a multiple of the period than these shares of it are on it: the
 * quota is filled again at the beat, and who waits for it runs later, when there is a processor.
 */
const BEFORE = 0.02;
const BEHIND = 0.12;
const LEAST_BEATS = 4;
const SURENESS = ['certain', 'brief', 'gap'] as const;
/** Pauses whose ends lie no further apart are one moment, in which several threads stood still. */
const SAME_MOMENT = 10 * MILLISECOND;
/** What of the paused time a rhythm has to explain. */
const EXPLAINED = 0.7;
/** A pause that is certain, from here on, makes others of the same process near it likely. */
const TELLING = 50 * MILLISECOND;
const NEARBY = 5 * SECOND;

/** A time in which a thread of which more was to come did nothing that the trace shows. */
interface Pause {
  readonly thread: Thread;
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
  /**
   * `certain`: in a call that cannot sleep; `brief`: in so small a step on a file that it rarely sleeps; `gap`: in no
   * call, so that it may have been computing.
   */
  readonly kind: 'certain' | 'brief' | 'gap';
}

/** Pauses that end on multiples of a period, as a CPU quota makes them: it is filled again at each. */
export interface Rhythm {
  readonly period: Nanoseconds;
  /** Where within the period they end. */
  readonly phase: Nanoseconds;
  /** How many do. */
  readonly beats: number;
}

/** Times in which threads did not run, or may not have: what is certain of them, and whether they have a rhythm. */
export class Pauses implements Tracker {
  #pauses: Pause[] = [];
  #least: Nanoseconds = LEAST_PAUSE;
  /** What was asked since the last pause. */
  readonly #rhythms = new Map<Process, Rhythm | null>();
  /** The same of all processes together. */
  #common: Rhythm | null | undefined;

  /** A call that took long and is no wait of a loop. */
  blocked(call: Call, thread: Thread): void {
    if (call.duration < LEAST_PAUSE || call.partial) return;
    const descriptor = call.fd < 0 ? undefined : thread.process.descriptors.get(call.fd);
    const kind = cannotSleep(call, descriptor) ? 'certain' : isBrief(call, descriptor) ? 'brief' : null;
    // The kernel may be at work for long in those of memory.
    if (kind === null || call.syscall.family === 'memory') return;
    this.#add({ thread, start: call.start, end: call.end, kind });
  }

  /** No call for `LEAST_PAUSE` or more. */
  gap(thread: Thread, start: Nanoseconds, end: Nanoseconds): void {
    this.#add({ thread, start, end, kind: 'gap' });
  }

  /** Whether that stretch of a thread's time is one in which it certainly, or most likely, did not run. */
  covers(thread: Thread, start: Nanoseconds, end: Nanoseconds, brief: boolean): boolean {
    return this.#pauses.some((pause) => {
      if (pause.kind !== 'certain') return false;
      // Of two that stood still at the same time one cannot have slept: neither ran.
      const common = Math.min(end, pause.end) - Math.max(start, pause.start);
      if (pause.thread !== thread && common >= 0.6 * (end - start)) return true;
      return (
        brief &&
        pause.thread.process === thread.process &&
        pause.end - pause.start >= TELLING &&
        Math.abs(pause.start - start) <= NEARBY
      );
    });
  }

  /** How much of that stretch of a thread's time are pauses that end on the beat. */
  onBeat(thread: Thread, start: Nanoseconds, end: Nanoseconds, rhythm: Rhythm): Nanoseconds {
    return this.#pauses.reduce((sum, pause) => {
      const common = Math.min(end, pause.end) - Math.max(start, pause.start);
      return pause.thread === thread && common > 0 && isOnBeat(pause.end, rhythm) ? sum + common : sum;
    }, 0);
  }

  /** The rhythm of the pauses of a process, or of all that were traced when one alone has too few; null without. */
  rhythmOf(process: Process): Rhythm | null {
    const known = this.#rhythms.get(process);
    if (known !== undefined) return known;
    const own = this.#pauses.filter(({ thread }) => thread.process === process);
    if (this.#common === undefined) this.#common = rhythmIn(this.#pauses);
    const rhythm = rhythmIn(own) ?? this.#common;
    this.#rhythms.set(process, rhythm);
    return rhythm;
  }

  #add(pause: Pause): void {
    if (pause.end - pause.start < this.#least) return;
    if (this.#rhythms.size > 0) this.#rhythms.clear();
    this.#common = undefined;
    this.#pauses.push(pause);
    if (this.#pauses.length < MOST_PAUSES) return;
    const longest = this.#pauses.toSorted((a, b) => b.end - b.start - (a.end - a.start)).slice(0, MOST_PAUSES / 2);
    const last = longest.at(-1) as Pause;
    this.#least = last.end - last.start;
    this.#pauses = longest;
  }
}

/** Whether a pause that ends then is on the beat. */
export function isOnBeat(end: Nanoseconds, { period, phase }: Pick<Rhythm, 'period' | 'phase'>): boolean {
  const behind = (((end - phase) % period) + period) % period;
  return behind <= BEHIND * period || period - behind <= BEFORE * period;
}

function rhythmIn(all: readonly Pause[]): Rhythm | null {
  const longest = all.toSorted((a, b) => b.end - b.start - (a.end - a.start)).slice(0, MOST_COMPARED);
  const pauses = momentsOf(longest);
  for (const period of PERIODS) {
    // No quota keeps a thread away for longer than its period.
    const fitting = pauses.filter(({ start, end }) => end - start <= 1.1 * period && end - start >= 0.1 * period);
    const explained = fitting.reduce((sum, { start, end }) => sum + end - start, 0);
    const total = pauses.reduce((sum, { start, end }) => sum + end - start, 0);
    if (fitting.length < LEAST_BEATS || explained < EXPLAINED * total) continue;
    const rhythm = beatOf(fitting, period, total);
    if (rhythm !== null) return rhythm;
  }
  return null;
}

/**
 * One pause for each moment, its longest: a single moment in which the machine stood still holds many threads, and says
 * no more about a rhythm than one of them. What is certain of one is certain of the moment.
 */
function momentsOf(pauses: readonly Pause[]): Pause[] {
  const moments: Pause[] = [];
  for (const pause of pauses.toSorted((a, b) => a.end - b.end)) {
    const last = moments.at(-1);
    if (last === undefined || pause.end - last.end > SAME_MOMENT) {
      moments.push(pause);
      continue;
    }
    const longer = pause.end - pause.start > last.end - last.start ? pause : last;
    const kind = SURENESS.find((each) => each === pause.kind || each === last.kind) ?? longer.kind;
    moments[moments.length - 1] = { ...longer, kind };
  }
  return moments;
}

/** Work that a timer starts ends on a beat as well, but it never falls into a call that cannot sleep. */
function beatOf(pauses: readonly Pause[], period: Nanoseconds, total: Nanoseconds): Rhythm | null {
  let best: Rhythm | null = null;
  for (const { end: phase } of pauses) {
    const on = pauses.filter(({ end }) => isOnBeat(end, { period, phase }));
    const time = on.reduce((sum, { start, end }) => sum + end - start, 0);
    const isSure = on.some(({ kind }) => kind === 'certain') || on.filter(({ kind }) => kind === 'brief').length > 1;
    // What ends in one period is one beat, however many threads it holds.
    const beats = new Set(on.map(({ end }) => Math.round((end - phase) / period))).size;
    if (isSure && beats >= LEAST_BEATS && time >= EXPLAINED * total && beats > (best?.beats ?? 0))
      best = { period, phase, beats };
  }
  return best;
}

import type { ThreadAtEnd } from '../../model/at-end/at-end.ts';
import type { Process } from '../../model/machine/process.ts';
import type { Family } from '../../trace/syscalls.ts';

/** What a thread calls that only sets itself up. */
const SETTING_UP: ReadonlySet<Family> = new Set<Family>(['prctl', 'memory', 'trivial', 'other']);
/** Two locks side by side are so far apart, in bytes, at most; more of them may stand in larger records. */
const LARGEST_LOCK = 256;
const LARGEST_RECORD = 4096;

/** What threads say that wait for a lock of memory each, of which nobody has two of one. */
export interface Held {
  /** They are held by whoever governs them, as the threads of redis that have nothing to do. */
  readonly byDesign: readonly ThreadAtEnd[];
  /** They fell into it while they worked: each may wait for what another one has. */
  readonly amongEachOther: readonly ThreadAtEnd[];
}

/**
 * Sorts threads that wait for locks: those of one process where each waits for a lock of its own. `isOneProcess`: all
 * are threads of one, which the capture did not tell.
 */
export function sortHeld(all: readonly ThreadAtEnd[], isOneProcess: boolean): Held {
  const groups = new Map<Process | null, ThreadAtEnd[]>();
  for (const each of all) {
    const key = isOneProcess ? null : each.thread.process;
    groups.set(key, [...(groups.get(key) ?? []), each]);
  }
  const byDesign: ThreadAtEnd[] = [];
  const amongEachOther: ThreadAtEnd[] = [];
  for (const group of groups.values()) {
    const words = [...new Set(group.map(({ left }) => left.futex?.word ?? ''))];
    if (words.length < 2 || words.length < group.length) continue;
    const isArray = standSideBySide(words);
    if (isArray && group.every((each) => !hasWorked(each))) byDesign.push(...group);
    if (!isArray && group.every(hasWorked)) amongEachOther.push(...group);
  }
  return { byDesign, amongEachOther };
}

/** In the capture it did more than set itself up before it came to the lock. */
function hasWorked({ thread, left }: ThreadAtEnd): boolean {
  const { lastSyscall } = thread;
  return !left.beganBefore && lastSyscall !== null && !SETTING_UP.has(lastSyscall.family);
}

/** One lock after the other with the same distance, as in an array. */
function standSideBySide(words: readonly string[]): boolean {
  const places = words.map((word) => Number.parseInt(word, 16)).toSorted((a, b) => a - b);
  const steps = new Set(places.slice(1).map((place, index) => place - (places[index] ?? 0)));
  const [step = 0] = steps;
  return steps.size === 1 && step <= (words.length > 2 ? LARGEST_RECORD : LARGEST_LOCK);
}

import { elapsed, type Nanoseconds, UNKNOWN } from '../../trace/time.ts';
import type { Process } from '../machine/process.ts';
import type { Sighting } from '../machine/sighting.ts';
import type { Stop } from '../machine/stop.ts';
import type { Thread } from '../machine/thread.ts';
import type { Model } from '../model.ts';

/** A process that did not run at the end of the capture, whatever it was in, since somebody keeps it from running. */
export interface HeldAtEnd {
  readonly process: Process;
  readonly thread: Thread;
  readonly held: 'stopped' | 'frozen' | 'traced';
  /** The signal; '' where the capture does not tell. */
  readonly signal: string;
  /** Who sent it, or the debugger that holds it; 0 where the capture does not tell. */
  readonly by: number;
  readonly since: Nanoseconds;
  /** It was so before the capture, or may have been. */
  readonly beganBefore: boolean;
  /** Up to the end of the capture; at least, if it `beganBefore` it. */
  readonly lasted: Nanoseconds;
  readonly lines: readonly Stop['line'][];
}

/** The processes that were held when the capture ended, each once: what stops one thread stops all of its process. */
export function heldAtEnd(model: Model): HeldAtEnd[] {
  const all = new Map<Process, HeldAtEnd>();
  for (const thread of model.processes.threads()) {
    const found = heldThread(thread, model.lastTime);
    if (found !== null && found.lasted > (all.get(thread.process)?.lasted ?? -1)) all.set(thread.process, found);
  }
  return [...all.values()].toSorted((a, b) => b.lasted - a.lasted || a.process.pid - b.process.pid);
}

/** Whether that thread did not run at the end of the capture. */
export function isHeld(thread: Thread): boolean {
  return stopOf(thread) !== null || sightOf(thread) !== null;
}

function heldThread(thread: Thread, end: Nanoseconds): HeldAtEnd | null {
  const stop = stopOf(thread);
  const sight = sightOf(thread);
  if (stop === null && sight === null) return null;
  const { process } = thread;
  const held = stop !== null || sight === null || sight.held === '' ? 'stopped' : sight.held;
  const sent = held === 'stopped' ? process.stopSent : null;
  const since = Math.min(stop?.since ?? end, sight?.since ?? end);
  return {
    process,
    thread,
    held,
    signal: stop?.signal ?? sent?.signal ?? '',
    by: sent?.sender ?? sight?.holder ?? 0,
    since,
    // What stopped it in the capture stands there.
    beganBefore: sent === null,
    lasted: Math.max(elapsed(since, end), sight === null ? 0 : elapsed(sight.since, end) + sight.before),
    lines: [...(stop === null ? [] : [stop.line]), ...(sight === null ? [] : [sight.line])],
  };
}

/** The stop that nothing ended, as the tracer tells. */
function stopOf({ stop, continued, stopAtEnd, ended, lastTime }: Thread): Stop | null {
  const last = stopAtEnd ?? (continued === null ? stop : null);
  return last === null || ended || lastTime > last.since ? null : last;
}

/** What the kernel said at the last look, unless the thread did something since. */
function sightOf({ seen, ended, lastTime }: Thread): Sighting | null {
  if (seen === null || seen.held === '' || ended) return null;
  return lastTime === UNKNOWN || lastTime <= seen.since ? seen : null;
}

import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { readOrEmpty, readStartTicks } from '../process-facts.ts';

/** Bit of SIGSTOP among pending signals. */
const SIGSTOP = 1n << 18n;
const MOST_THREADS = 4_096;
const LOOK_EVERY_MS = 20;
const PATIENCE_MS = 3_000;
/** drover is about to end. */
const LAST_PATIENCE_MS = 1_000;

/** How a thread is held, as its status says. */
interface Hold {
  readonly state: string;
  readonly tracer: number;
  /** A SIGSTOP waits for it. */
  readonly willStop: boolean;
}

/**
 * Whether a process can be stopped for a look and goes on for sure: each thread runs or sleeps, and nobody traces it.
 * One that waits for the disk (D) takes the SIGSTOP of a tracer later, when nobody is there any more who lets it go.
 */
export function canBeStopped(pid: number, root = '/proc'): boolean {
  const holds = holdsOf(pid, root);
  return (
    holds.length > 0 && holds.every(({ state, tracer, willStop }) => /[RSI]/.test(state) && tracer === 0 && !willStop)
  );
}

/**
 * Lets a process go that a tracer, which is gone or will be in a moment, left stopped or about to stop. `startTicks`
 * names the process together with its number. Settles when all of its threads are free, after three seconds at the
 * latest.
 */
export async function letGo(pid: number, startTicks: number): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!isFree(pid, startTicks) && performance.now() < deadline) await pause(LOOK_EVERY_MS);
}

/** The same for the end of drover, where nothing can be awaited; blocks for a second at most. */
export function letGoNow(pid: number, startTicks: number): void {
  const deadline = performance.now() + LAST_PATIENCE_MS;
  const clock = new Int32Array(new SharedArrayBuffer(4));
  while (!isFree(pid, startTicks) && performance.now() < deadline) Atomics.wait(clock, 0, 0, LOOK_EVERY_MS);
}

/** Looks at a process, and wakes it up where it is or will be stopped. */
function isFree(pid: number, startTicks: number): boolean {
  if (readStartTicks(pid) !== startTicks) return true;
  const holds = holdsOf(pid, '/proc');
  if (holds.some(({ tracer }) => tracer !== 0)) return false;
  if (!holds.some(({ state, willStop }) => state === 'T' || willStop)) return true;
  try {
    // It takes back a SIGSTOP that still waits, too.
    process.kill(pid, 'SIGCONT');
  } catch {
    // It ended a moment ago.
  }
  return false;
}

function holdsOf(pid: number, root: string): readonly Hold[] {
  let tids: readonly string[] = [];
  try {
    tids = readdirSync(`${root}/${pid}/task`).slice(0, MOST_THREADS);
  } catch {
    // It ended a moment ago.
  }
  return tids.flatMap((tid) => {
    const status = readOrEmpty(`${root}/${pid}/task/${tid}/status`);
    const state = /^State:\t(\S)/m.exec(status)?.[1];
    if (state === undefined || state === 'Z' || state === 'X') return [];
    const pending = [...status.matchAll(/^(?:SigPnd|ShdPnd):\t([0-9a-f]{1,16})$/gm)];
    return [
      {
        state,
        tracer: Number(/^TracerPid:\t(\d+)/m.exec(status)?.[1] ?? 0),
        willStop: pending.some(([, word = '0']) => (BigInt(`0x${word}`) & SIGSTOP) !== 0n),
      },
    ];
  });
}

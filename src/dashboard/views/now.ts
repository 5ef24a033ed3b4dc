import type { AtEnd } from '../../analysis/report.ts';
import { show } from '../../output/show.ts';
import { durationOfMs } from '../../trace/format-numbers.ts';
import { ASCII } from '../row.ts';
import type { DashboardState, ProcessNow } from '../state.ts';
import { ageNow, ageSince, isHeld, isHeldByThread, isLate, type WorkerRow } from '../tables/workers.ts';

const LONG_NAME = 11;
const NOTABLE_MS = 250;

/**
 * `0.80 s in fsync`, `waits epoll_wait`, `1.20 s no call`, `ended`. The time is that of the turn that goes on, and
 * where none is known that of the call; `\u2265` where it had begun before the capture.
 */
export function nowText(state: DashboardState, row: WorkerRow): string {
  const { activity, openMs, process } = row;
  if (process !== null && isHeld(process)) return heldText(state, process);
  if (process?.isParked === true) return `in ${show(process.call)}`;
  if (activity === null || isHeldByThread(activity, row.process)) return unheardText(state, row);
  const { now } = activity;
  if (now.state === 'ended') return 'ended';
  if (now.state === 'waiting') return `waits ${show(now.call)}`;
  const callMs = ageSince(state, row, now.sinceMs);
  const isIn = now.state === 'blocked';
  // The tracer's words arrive a moment late: what is shorter may be over.
  const notable = state.live === null ? 0 : NOTABLE_MS;
  const lengthMs = Math.max(openMs, callMs);
  const code = openMs > 0 ? (row.process?.code ?? '') : '';
  const what =
    code !== ''
      ? show(code)
      : isIn
        ? inCall(now.call, lengthMs >= notable || openMs > 0)
        : callMs < notable
          ? 'runs'
          : 'no call';
  // The time comes first: it must not be what is cut.
  if (lengthMs < notable && (openMs === 0 || isLate(state))) return what;
  // Nothing is known of it before that call.
  const least = state.live === null && isIn && now.sinceMs <= activity.firstMs ? atLeast(state) : '';
  return `${least}${durationOfMs(lengthMs)} ${what}`;
}

/** What stands in the report of it: there is no picture of the thousandth worker. */
function endText({ call, forMs, idle }: AtEnd): string {
  if (idle === 'yes') return `waits ${show(call)}`;
  return forMs === null ? `in ${show(call)}` : `${durationOfMs(forMs)} in ${show(call)}`;
}

/** Beside TRACED in the head `traced` would read as if drover held it. */
const HELD_WORDS = { '': '', stopped: 'stopped', frozen: 'frozen', traced: 'in debugger' } as const;

/** `\u22656.34 s stopped`. */
function heldText(state: DashboardState, process: ProcessNow): string {
  const least = process.isFromStart ? atLeast(state) : '';
  return `${least}${durationOfMs(ageNow(state, process))} ${HELD_WORDS[process.held ?? '']}`;
}

function atLeast({ glyphs }: DashboardState): string {
  return glyphs === ASCII ? '>=' : '\u2265';
}

/** A process that has made no call in the capture: what the kernel says of it is all there is. */
function unheardText(state: DashboardState, { process, worker }: WorkerRow): string {
  if (process === null) return worker.atEnd === null ? '-' : endText(worker.atEnd);
  if (process.isWaiting) return `waits ${show(process.call)}`;
  const age = ageNow(state, process);
  if (age === 0) return 'runs';
  const least = process.isFromStart ? atLeast(state) : '';
  const code = process.code ?? '';
  const what = code !== '' ? show(code) : process.call === '' ? 'no call' : inCall(process.call, true);
  return `${least}${durationOfMs(age)} ${what}`;
}

/** The name must not be what is cut, where a time stands before it. */
function inCall(call: string, hasTime: boolean): string {
  return hasTime && call.length > LONG_NAME ? show(call) : `in ${show(call)}`;
}

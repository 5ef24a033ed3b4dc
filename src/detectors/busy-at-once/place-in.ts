import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { notRunningIn } from '../stall-cause/not-running.ts';
import type { BusyTurn, NamedPlace } from './busy-turns.ts';

/** What a worker was in during a turn; that it did not run where the rest of the capture shows it. */
export function placeIn(model: Model, thread: Thread, { place, pauseStart, pauseEnd }: BusyTurn): NamedPlace {
  const { cause, call, target, isBrief } = place;
  const rhythm = model.pauses.rhythmOf(thread.process);
  const paused = notRunningIn(model, { thread, cause, isBrief, start: pauseStart, end: pauseEnd }, rhythm);
  return paused === null ? { cause, call, target } : { cause: 'not-running', call, target: '' };
}

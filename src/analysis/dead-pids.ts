import type { Step } from '../detectors/finding.ts';
import type { Process } from '../model/machine/process.ts';
import { threadsOf } from '../model/machine/threads-of.ts';
import type { Model } from '../model/model.ts';
import { SECOND } from '../trace/time.ts';

/** Whoever ends with the capture may have been ended for it: who ended earlier is gone while the server runs on. */
const LEAST = SECOND;
/** A pid as commands name it. */
const PID = /(?<=--pid |-p |pid=|\/proc\/)\d+/g;

/** Steps whose commands ask none of these workers that ended in the capture: one that was killed, or replaced. */
export function withoutDead(
  steps: readonly Step[],
  workers: readonly number[],
  { processes, lastTime }: Model,
): readonly Step[] {
  if (!steps.some(({ command = '' }) => command.search(PID) >= 0)) return steps;
  const isGone = (process: Process): boolean =>
    threadsOf(process).every(({ ended, lastSeen }) => ended && lastTime - lastSeen > LEAST);
  const dead = new Set(
    processes
      .all()
      .filter((process) => workers.includes(process.pid) && isGone(process))
      .map(({ pid }) => String(pid)),
  );
  if (dead.size === 0) return steps;
  return steps.map((step) => {
    const [gone] = [...(step.command ?? '').matchAll(PID)].flatMap(([pid]) => (dead.has(pid) ? [pid] : []));
    if (step.command === undefined || gone === undefined) return step;
    const needs = [step.needs, `PID of a worker that runs now: ${gone} has ended`].filter((each) => each !== undefined);
    return {
      ...step,
      command: step.command.replace(PID, (pid) => (dead.has(pid) ? 'PID' : pid)),
      needs: needs.join('; '),
    };
  });
}

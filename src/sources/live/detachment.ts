import { heldNow } from './held.ts';
import { PROC, type ProcessFacts, readProcess } from './process-facts.ts';

/** What became of the traced processes once the tracer was gone. */
interface Detachment {
  /** `Detached from 9 processes, all running.` */
  readonly sentence: string;
  /** Every process that is still there runs, and nobody traces it. */
  readonly isClean: boolean;
}

/** Looks at every process that was traced. `before` is how they were when the tracer came. */
export function describeDetachment(
  before: readonly ProcessFacts[],
  tracerName: string,
  read = readProcess,
  isFrozen = (pid: number) => heldNow(PROC, pid, pid).held === 'frozen',
): Detachment {
  const now = before.map((process) => ({ process, facts: same(process, read(process.pid)) }));
  const alive = now.filter(({ facts }) => facts !== null && facts.state !== 'Z' && facts.state !== 'X');
  const ended = before.length - alive.length;
  const problems: string[] = [];
  for (const { process, facts } of alive) {
    if (facts === null) continue;
    const { pid, state, tracer } = facts;
    // Who was traced by somebody else before still is.
    if (tracer !== 0 && tracer === process.tracer) continue;
    if (tracer !== 0) problems.push(`Process ${pid} is still traced by pid ${tracer}. Type: kill -INT ${tracer}`);
    else if (state === 'T' && process.state !== 'T')
      problems.push(`Process ${pid} is still stopped. Type: kill -CONT ${pid}`);
    else if (state === 't') problems.push(`Process ${pid} is still stopped by a tracer.`);
  }
  const both = (is: (facts: ProcessFacts, before: ProcessFacts) => boolean): ProcessFacts[] =>
    alive.flatMap(({ process, facts }) => (facts !== null && is(facts, process) ? [facts] : []));
  const stopped = both((facts, was) => was.state === 'T' && facts.state === 'T').length;
  const debugged = both(
    (facts, was) => facts.state === 't' && facts.tracer !== 0 && facts.tracer === was.tracer,
  ).length;
  const frozen = both(({ pid, state, tracer }) => tracer === 0 && /^[SD]$/.test(state) && isFrozen(pid)).length;
  const rest = [
    ...(ended > 0 ? [`${ended} ended meanwhile`] : []),
    ...(stopped > 0 ? [still(stopped, 'stopped')] : []),
    ...(debugged > 0 ? [still(debugged, 'held by a debugger')] : []),
    ...(frozen > 0
      ? [`${frozen} ${frozen === 1 ? 'is' : 'are'} frozen by the freezer of ${frozen === 1 ? 'its' : 'their'} cgroup`]
      : []),
  ];
  const idle = stopped + debugged + frozen;
  const remark = rest.length > 0 ? ` (${rest.join(', ')})` : '';
  if (problems.length > 0) return { sentence: `${problems.join(' ')}${remark}`, isClean: false };
  if (alive.length === 0) {
    const who = before.length === 1 ? 'The process has' : `All ${before.length} processes have`;
    return { sentence: `${who} ended; ${tracerName} is gone.`, isClean: true };
  }
  const running = idle === 0 ? 'all running' : `${alive.length - idle} running`;
  const one = idle === 0 ? '1 process, running' : '1 process';
  const count = alive.length === 1 ? one : `${alive.length} processes, ${running}`;
  return { sentence: `Detached from ${count}${remark}.`, isClean: true };
}

function still(count: number, how: string): string {
  return count === 1 ? `1 was ${how} before and still is` : `${count} were ${how} before and still are`;
}

/** The same process, not another one that got its number. */
function same(before: ProcessFacts, now: ProcessFacts | null): ProcessFacts | null {
  return now !== null && now.startTicks === before.startTicks ? now : null;
}

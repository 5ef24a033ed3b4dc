import { bpftraceChecks, type Check, codeChecks, processCheck, straceChecks } from './checks.ts';
import { findFamily, hostView } from './family.ts';
import { readHost } from './host-facts.ts';
import { processNames } from './process-names.ts';

/** Checks that belong together, and whether all of them hold. */
export interface CheckGroup {
  /** `strace works`, `process 4711 cannot be traced`. */
  readonly title: string;
  readonly checks: readonly Check[];
  readonly holds: boolean;
}

export interface Diagnosis {
  readonly groups: readonly CheckGroup[];
  /** At least one engine works, and every process that was named can be traced. */
  readonly canAttach: boolean;
}

/** Runs every check of a live capture, of the host and of the named processes with their families. */
export function diagnose(pids: readonly number[]): Diagnosis {
  const host = readHost();
  const engines = [group('strace', WORKS, straceChecks(host)), group('bpftrace', WORKS, bpftraceChecks(host))];
  const code = group('the line of code of a stuck worker', SHOWN, codeChecks(host));
  const view = hostView();
  const names = processNames(view);
  const processes = pids.map((pid) => {
    const facts = view.read(pid);
    const others = facts === null ? [] : findFamily([pid], view).filter((member) => member.pid !== pid);
    return group(`process ${pid}`, TRACEABLE, [
      processCheck(pid, facts, host, names),
      ...others.map((member) => processCheck(member.pid, member, host, names)),
    ]);
  });
  return {
    groups: [...engines, code, ...processes],
    canAttach: engines.some(({ holds }) => holds) && processes.every(({ holds }) => holds),
  };
}

/** Phrases for what holds and what does not. */
type Verdicts = readonly [string, string];
const WORKS: Verdicts = ['works here', 'does not work here'];
const SHOWN: Verdicts = ['can be shown', 'can be shown in part or not at all'];
const TRACEABLE: Verdicts = ['can be traced', 'cannot be traced'];

function group(subject: string, [good, bad]: Verdicts, checks: readonly Check[]): CheckGroup {
  const holds = checks.every(({ level }) => level === 'ok');
  return { title: `${subject} ${holds ? good : bad}`, checks, holds };
}

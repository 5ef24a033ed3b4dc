import { installedVersion } from '../bpftrace/version.ts';
import { bpftraceChecks, type Check, codeChecks, costChecks, processCheck, straceChecks } from './checks.ts';
import { findFamily, hostView } from './family.ts';
import { readHost } from './host-facts.ts';
import { processNames } from './process-names.ts';
import { programChecks } from './program-checks.ts';

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

/**
 * Runs every check of a live capture, of the host and of the named processes with their families. Starts each bpftrace
 * program for a moment: a few seconds.
 */
export async function diagnose(pids: readonly number[]): Promise<Diagnosis> {
  const host = readHost();
  const programs = await programChecks(host);
  const strace = group('strace', WORKS, straceChecks(host));
  const needed = [...bpftraceChecks(host), ...programs.filter(({ program }) => program === 'calls')];
  const others = programs.filter(({ program }) => program !== 'calls');
  const { holds, title, checks } = group('bpftrace', WORKS, needed);
  const bpftrace: CheckGroup = {
    title,
    holds,
    checks: [...checks, ...others, ...(holds ? costChecks(installedVersion()) : [])],
  };
  const engines = [strace, bpftrace];
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
    groups: [...engines, choice(strace, bpftrace, needed), code, ...processes],
    canAttach: engines.some(({ holds }) => holds) && processes.every(({ holds }) => holds),
  };
}

/** Which engine `attach` and `record` take without `--engine`, and why. */
function choice(strace: CheckGroup, bpftrace: CheckGroup, needed: readonly Check[]): CheckGroup {
  const reason = needed.find(({ level }) => level === 'missing');
  const isSure = needed.every(({ level }) => level === 'ok');
  const taken = bpftrace.holds ? 'bpftrace' : strace.holds ? 'strace' : 'no engine';
  const why = bpftrace.holds
    ? 'bpftrace stops nobody and slows the server down less than strace'
    : `bpftrace cannot be used: ${reason?.text ?? ''}`;
  return {
    title:
      bpftrace.holds && !isSure
        ? 'attach and record try bpftrace here, then strace'
        : `attach and record use ${taken} here`,
    checks: [{ level: taken === 'no engine' ? 'missing' : 'ok', text: why, fix: '' }],
    holds: taken !== 'no engine',
  };
}

/** Phrases for what holds and what does not; for what cannot be told. */
type Verdicts = readonly [string, string, string?];
const WORKS: Verdicts = ['works here', 'does not work here', 'may work here'];
const SHOWN: Verdicts = ['can be shown', 'cannot be shown, or only for some programs'];
const TRACEABLE: Verdicts = ['can be traced', 'cannot be traced'];

function group(subject: string, [good, bad, unsure = good]: Verdicts, checks: readonly Check[]): CheckGroup {
  const holds = checks.every(({ level }) => level !== 'missing');
  const isSure = checks.every(({ level }) => level === 'ok');
  return { title: `${subject} ${holds ? (isSure ? good : unsure) : bad}`, checks, holds };
}

import { AttachError } from '../attach-error.ts';
import { afterRefusal } from './checks.ts';
import type { Engine } from './engine.ts';
import { type LaunchLimits, RUN_KILL_AFTER_SECONDS, straceAttach, straceRun } from './launch.ts';
import { type ProcessFacts, readProcess } from './process-facts.ts';
import type { SightNotation } from './sight-lines.ts';

const REFUSED = /^strace: attach: /;

/** Lines that strace could have printed as messages of its own, with the time of `-ttt`. */
const STRACE_SIGHTS: SightNotation = {
  prefix: 'strace: drover: ',
  stamp: (at) => ((Date.now() * 1e6 - (Number(process.hrtime.bigint()) - at)) / 1e9).toFixed(6),
};

/** strace with its output in a file. It stops the traced process at each call. */
export function straceEngine(processes: readonly ProcessFacts[], file: string, limits: LaunchLimits): Engine {
  return {
    name: 'strace',
    command: straceAttach(
      processes.map(({ pid }) => pid),
      file,
      limits,
    ),
    stopsProcesses: true,
    runsProgram: false,
    writesToStdout: false,
    sights: STRACE_SIGHTS,
    stop: { signal: 'SIGINT', patienceMs: 2_000, repeatMs: 300, deafMs: 0 },
    async hasBegun(words) {
      const alive = processes.flatMap(({ pid }) => readProcess(pid) ?? []);
      const traced = alive.filter(({ tracer }) => tracer !== 0).length;
      // One that it was refused is no reason to give up the others, and not to be waited for.
      return traced > 0 && (traced === alive.length || (await words()).some((line) => REFUSED.test(line)));
    },
    explain: (words) => {
      // It was there when it was looked at.
      const isOver = processes.every(({ pid, startTicks }) => readProcess(pid)?.startTicks !== startTicks);
      if (!isOver) return failure('strace could not attach', words);
      const who = processes.length === 1 ? `Process ${processes[0]?.pid}` : `All ${processes.length} processes`;
      return new AttachError(`${who} ended before strace could attach.`, {
        hint: 'Name the server (gunicorn), a port (:8000) or a unit (web.service): its processes may change.',
      });
    },
  };
}

/** strace as the parent of a program, from its first call on. */
export function straceRunEngine(program: readonly string[], file: string, seconds: number): Engine {
  return {
    name: 'strace',
    command: straceRun(program, file, seconds),
    stopsProcesses: false,
    runsProgram: true,
    writesToStdout: false,
    sights: STRACE_SIGHTS,
    stop: { signal: 'SIGTERM', patienceMs: RUN_KILL_AFTER_SECONDS * 1_000, repeatMs: 300, deafMs: 0 },
    hasBegun: (_, bytes) => bytes() > 0,
    explain: (words) => failure(`strace could not run ${program[0]}`, words),
  };
}

function failure(what: string, words: readonly string[]): AttachError {
  const said = words.findLast((line) => line.startsWith('strace: ')) ?? words.at(-1) ?? '';
  return new AttachError(`${what}${said === '' ? '' : `: ${said.replace(/^strace: /, '')}`}.`, {
    hint: afterRefusal('drover doctor checks what is needed.'),
  });
}

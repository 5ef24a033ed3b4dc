import { AttachError } from './attach-error.ts';
import type { Engine } from './capture.ts';
import { type LaunchLimits, straceAttach } from './launch.ts';
import { type ProcessFacts, readProcess } from './process-facts.ts';

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
    // Those that ended meanwhile cannot be waited for.
    hasBegun: () => processes.every(({ pid }) => readProcess(pid)?.tracer !== 0) && processes.some(({ pid }) => readProcess(pid) !== null),
    explain(words) {
      const said = words.findLast((line) => line.startsWith('strace: ')) ?? words.at(-1) ?? '';
      return new AttachError(`strace could not attach: ${said.replace(/^strace: /, '') || 'it ended without a word'}.`, {
        hint: 'drover doctor PID checks what is needed.',
      });
    },
  };
}

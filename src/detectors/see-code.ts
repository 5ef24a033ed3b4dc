import type { Process } from '../model/machine/process.ts';
import { type Runtime, runtimeOf } from '../model/machine/runtime.ts';
import type { Step } from './finding.ts';

/** How to see which code runs in a process that is up, by what runs it. */
const TOOLS: Readonly<Record<Runtime, (pid: string) => Pick<Step, 'command' | 'needs' | 'caveat'>>> = {
  python: (pid) => ({ command: `py-spy dump --pid ${pid}`, needs: 'py-spy' }),
  ruby: (pid) => ({ command: `rbspy dump --pid ${pid}`, needs: 'rbspy' }),
  java: (pid) => ({ command: `jstack ${pid}`, needs: 'a JDK' }),
  php: (pid) => ({ command: `phpspy -p ${pid}`, needs: 'phpspy' }),
  node: (pid) => ({
    command: `perf record -g -p ${pid} -- sleep 5 && perf report`,
    needs: 'perf; node started with --perf-basic-prof names its functions',
  }),
  native: (pid) => ({
    command: `gdb -p ${pid} -batch -ex "thread apply all bt"`,
    needs: 'gdb, and symbols of the program',
    caveat: 'gdb stops the process while it looks.',
  }),
  unknown: (pid) => ({ command: `readlink /proc/${pid}/exe` }),
};

const anyTool = (pid: string): string =>
  `First see which program it is, then use its tool: py-spy dump --pid ${pid} (Python), rbspy dump --pid ${pid} ` +
  `(Ruby), jstack ${pid} (Java), perf record -g -p ${pid} (node and others).`;

/** The step that shows the code of a process at work. */
export function seeCode(process: Process, text: string): Step {
  const runtime = runtimeOf(process);
  const pid = process.pid === 0 ? 'PID' : String(process.pid);
  return { text: runtime === 'unknown' ? `${text} ${anyTool(pid)}` : text, ...TOOLS[runtime](pid) };
}

/** The same of one that computes, as far as anything tells: of machine code `perf` sees that without stopping it. */
export function seeComputing(process: Process, text: string): Step {
  if (runtimeOf(process) !== 'native') return seeCode(process, text);
  const pid = process.pid === 0 ? 'PID' : String(process.pid);
  return { text, command: `perf top -p ${pid}`, needs: 'perf, and symbols of the program' };
}

/** The same with the frames of C libraries below those of the interpreter. */
export function seeNativeCode(process: Process, text: string): Step {
  const step = seeCode(process, text);
  return {
    ...step,
    ...(step.command === undefined ? {} : { command: step.command.replace(/^py-spy dump/, '$& --native') }),
  };
}

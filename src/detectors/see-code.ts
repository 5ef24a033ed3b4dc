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
  unknown: (pid) => ({
    command: `py-spy dump --pid ${pid}`,
    needs: 'a Python process and py-spy; for node use --cpu-prof, for others perf record -g or gdb',
  }),
};

/** The step that shows the code of a process at work. */
export function seeCode(process: Process, text: string): Step {
  return { text, ...TOOLS[runtimeOf(process)](process.pid === 0 ? 'PID' : String(process.pid)) };
}

/** The same with the frames of C libraries below those of the interpreter. */
export function seeNativeCode(process: Process, text: string): Step {
  const step = seeCode(process, text);
  return {
    ...step,
    ...(step.command === undefined ? {} : { command: step.command.replace(/^py-spy dump/, '$& --native') }),
  };
}

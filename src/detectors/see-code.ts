import { type Runtime, runtimeOf } from '../model/machine/server-names.ts';
import type { Step } from './finding.ts';

const COMMANDS: Readonly<Record<Runtime, (pid: string) => Pick<Step, 'command' | 'needs'>>> = {
  python: (pid) => ({ command: `py-spy dump --pid ${pid}`, needs: 'py-spy' }),
  ruby: (pid) => ({ command: `rbspy snapshot --pid ${pid}`, needs: 'rbspy' }),
  node: (pid) => ({
    command: `kill -USR1 ${pid}`,
    needs: 'a browser that can reach the inspector at 127.0.0.1:9229; else start node with --cpu-prof',
  }),
  php: (pid) => ({ command: `phpspy -p ${pid}`, needs: 'phpspy, or request_slowlog_timeout in the pool' }),
  perl: (pid) => ({ command: `perf record -g -p ${pid} -- sleep 10`, needs: 'perf' }),
  java: (pid) => ({ command: `jstack ${pid}`, needs: 'a JDK' }),
  native: (pid) => ({ command: `perf record -g -p ${pid} -- sleep 10`, needs: 'perf and symbols of the server' }),
  unknown: (pid) => ({
    command: `py-spy dump --pid ${pid}`,
    needs: 'a Python worker and py-spy; for node use --cpu-prof, for others perf record -g',
  }),
};

/** The step that shows the code of a process, with a tool for what that server runs. A pid of 0 is unknown. */
export function seeCode(text: string, server: string, pid: number): Step {
  return { text, ...COMMANDS[runtimeOf(server)](pid === 0 ? 'PID' : String(pid)) };
}

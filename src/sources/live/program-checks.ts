import { execFile } from 'node:child_process';
import { decimals } from '../../trace/format-numbers.ts';
import {
  bpftraceProgram,
  machineOf,
  PROGRAM_NAMES,
  type ProgramName,
  programEnvironment,
} from '../bpftrace/program.ts';
import { afterRefusal, bpftraceChecks, type Check } from './checks.ts';
import type { HostFacts } from './host-facts.ts';
import { guarded } from './launch.ts';

/** Longer than a busy host takes to compile and attach one. */
const SECONDS = 15;
const MOST_BYTES = 1_048_576;
/** No process has this pid: nothing is printed for anybody. */
const NOBODY = 0;
/** Only versions from 0.22 on have --dry-run, which attaches as well: so each is attached, and ends at once. */
const END_AT_ONCE = '\ninterval:ms:1 { exit(); }\n';

/**
 * Whether this bpftrace and this kernel take each of drover's programs; empty where bpftrace cannot start for other
 * reasons. Each is attached for a moment. Without `calls`, the usual one, bpftrace is no engine here.
 */
export async function programChecks(host: HostFacts): Promise<readonly (Check & { readonly program: ProgramName })[]> {
  if (bpftraceChecks(host).some(({ level }) => level === 'missing') || machineOf(process.arch) === null) return [];
  const checks: (Check & { readonly program: ProgramName })[] = [];
  // One after the other, as attach would start it: at once they keep each other waiting.
  for (const program of PROGRAM_NAMES) checks.push({ program, ...(await checkOf(program)) });
  return checks;
}

async function checkOf(name: ProgramName): Promise<Check> {
  const started = performance.now();
  const problem = await tryProgram(name);
  const took = decimals((performance.now() - started) / 1_000, 1);
  if (problem === '') return { level: 'ok', text: `${name}.bt starts here (${took} s)`, fix: '' };
  if (problem === TOO_LATE)
    return {
      level: 'unknown',
      text: `${name}.bt had not started after ${SECONDS} s, as on a host that is short of CPU time`,
      fix: 'Ask again later. attach waits nearly as long for bpftrace, and then takes strace.',
    };
  return { level: 'missing', text: `${name}.bt does not start here: ${problem}`, fix: afterRefusal(FIXES[name]) };
}

const FIXES: Readonly<Record<ProgramName, string>> = {
  calls: 'Use --engine strace.',
  exact: 'Do not use --program exact.',
  watch: 'Do not use --program watch.',
};

const TOO_LATE = 'too late';
/** What `timeout` exits with when the time was over. */
const TIME_OVER = 124;

/** Why it does not start, or ''; `TOO_LATE` when that cannot be told. */
function tryProgram(name: ProgramName): Promise<string> {
  const text = bpftraceProgram(name, { pids: [NOBODY], machine: machineOf(process.arch) ?? 'x86-64' }) + END_AT_ONCE;
  const [program, ...words] = guarded(['bpftrace', '-e', text], { seconds: SECONDS, bytes: MOST_BYTES });
  const env = { ...process.env, ...programEnvironment(name) };
  return new Promise((resolve) => {
    execFile(program, words, { env, maxBuffer: MOST_BYTES }, (error, stdout, stderr) => {
      if (stdout.includes('event=start ')) return resolve('');
      const reason = reasonIn(`${stdout}\n${stderr}`);
      if (reason === '' && error?.code === TIME_OVER) return resolve(TOO_LATE);
      resolve(reason || (error === null ? 'it printed nothing' : `exit code ${error.code}`));
    });
  });
}

/** What bpftrace gives as the reason, of everything that it said. */
export function reasonIn(words: string): string {
  const said = words.split('\n').findLast((line) => line.includes('ERROR') && !line.includes('RLIMIT_MEMLOCK')) ?? '';
  return said.replace(/^.*ERROR: /, '').replace(/\.$/, '');
}

import { machineOf, type ProgramName } from '../bpftrace/program.ts';
import { bpftraceEngine } from './bpftrace-engine.ts';
import { LiveCapture } from './capture.ts';
import { assertChecks, bpftraceChecks, processCheck, straceChecks } from './checks.ts';
import { CodeWatch } from './code/code-watch.ts';
import { type CodeMode, Samplers } from './code/samplers.ts';
import type { Engine } from './engine.ts';
import { findFamily, hostView } from './family.ts';
import { type HostFacts, readHost } from './host-facts.ts';
import { KernelWatch } from './kernel-watch.ts';
import { leaderOf, type ProcessFacts } from './process-facts.ts';
import { processNames } from './process-names.ts';
import { Spool, type SpoolOptions } from './spool.ts';
import { straceEngine } from './strace-engine.ts';

/** What will be traced and with what. */
interface Preparation {
  readonly engine: 'strace' | 'bpftrace';
  /** Why not the other one, as a sentence; '' when the user chose. */
  readonly why: string;
  readonly processes: readonly ProcessFacts[];
  /** Has looked at them once; null where the numbers of system calls are not known. */
  readonly watch: KernelWatch | null;
}

interface PrepareOptions {
  readonly engine: 'auto' | 'strace' | 'bpftrace';
  /** Whether the rest of the server is traced as well. */
  readonly family: boolean;
}

/**
 * Finds the processes and checks that they can be traced. Throws `AttachError` with the sentence of the first check
 * that does not hold.
 */
export function prepareCapture(named: readonly number[], { engine, family }: PrepareOptions): Preparation {
  const host = readHost();
  // `top -H` and `strace -f` show the numbers of threads, and /proc takes each for a process.
  const pids = [...new Set(named.map(leaderOf))];
  const view = hostView();
  const names = processNames(view);
  const [chosen, why] = choose(engine, host);
  // Named processes first: a mistyped pid must not read as a problem of its neighbour.
  assertChecks(pids.map((pid) => processCheck(pid, pid === process.pid ? null : view.read(pid), host, names)));
  const processes = family ? findFamily(pids, view) : pids.flatMap((pid) => view.read(pid) ?? []);
  const traced = processes.filter(({ pid, state }) => pid !== process.pid && state !== 'Z');
  assertChecks(traced.map((facts) => processCheck(facts.pid, facts, host, names)));
  const machine = machineOf(process.arch);
  const watch = machine === null ? null : new KernelWatch({ machine });
  watch?.look(traced.map(({ pid }) => pid));
  return { engine: chosen, why, processes: traced, watch };
}

interface CaptureOptions extends Omit<SpoolOptions, 'engine' | 'isRing'> {
  /** Only so much of the end of the capture is kept; its space is `mostBytes`. */
  readonly ringSeconds?: number | undefined;
  readonly seconds: number;
  /** It ends when tracing costs more of one processor. */
  readonly mostPercent?: number | undefined;
  /** What bpftrace runs. */
  readonly program: ProgramName;
  /** Looks at the processes meanwhile. */
  readonly watch?: KernelWatch | null;
  /** How far drover goes to see the code of a stuck worker. */
  readonly code?: CodeMode;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
}

/**
 * Starts to trace processes that `prepareCapture` found, and returns once it does. Throws `AttachError`, and
 * `OutputError` for a name that must not be written to.
 */
export async function startCapture(
  engine: 'strace' | 'bpftrace',
  processes: readonly ProcessFacts[],
  { seconds, program, signal, watch = null, code = 'off', ringSeconds, mostPercent, ...place }: CaptureOptions,
): Promise<LiveCapture> {
  const isRing = ringSeconds !== undefined;
  const spool = new Spool({ ...place, engine, isRing });
  const limits = { seconds, bytes: place.mostBytes, moves: isRing };
  const machine = machineOf(process.arch);
  const prepare = (): Engine =>
    engine === 'bpftrace' && machine !== null
      ? bpftraceEngine(program, processes, spool, machine, limits)
      : straceEngine(processes, spool.forTracer, limits);
  const chosen = orNothing(spool, prepare);
  const options = { signal, watch, code: codeWatch(code), ringSeconds, mostPercent };
  return LiveCapture.start(chosen, processes, seconds, spool, options);
}

/** What bpftrace needs in front of a capture may find no room. */
function orNothing(spool: Spool, prepare: () => Engine): Engine {
  try {
    return prepare();
  } catch (error) {
    spool.remove();
    throw error;
  }
}

function codeWatch(mode: CodeMode): CodeWatch | null {
  if (mode === 'off') return null;
  const samplers = new Samplers(mode);
  return new CodeWatch({ samplerFor: (pid, thread) => samplers.for(pid, thread) });
}

/** bpftrace where it works, since it does not slow the server down; else strace, and why. */
function choose(wanted: PrepareOptions['engine'], host: HostFacts): ['strace' | 'bpftrace', string] {
  if (wanted === 'strace') assertChecks(straceChecks(host));
  if (wanted === 'bpftrace') assertChecks(bpftraceChecks(host));
  if (wanted !== 'auto') return [wanted, ''];
  const problem = bpftraceChecks(host).find(({ level }) => level === 'missing');
  if (problem === undefined) return ['bpftrace', ''];
  assertChecks(straceChecks(host));
  return [
    'strace',
    `Using strace, which slows the server down more than bpftrace would. ${problem.text} ${problem.fix}`.trim(),
  ];
}

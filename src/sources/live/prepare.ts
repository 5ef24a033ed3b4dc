import { machineOf, type ProgramName } from '../bpftrace/program.ts';
import { bpftraceEngine } from './bpftrace-engine.ts';
import { LiveCapture } from './capture.ts';
import { assertChecks, bpftraceChecks, type Check, processCheck, straceChecks } from './checks.ts';
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
  /** The rest of the server, which another tracer has: looked at, and not traced. */
  readonly beside: readonly ProcessFacts[];
  /** What is to be said of processes that somebody else traces, a sentence each. */
  readonly notes: readonly string[];
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
  // bpftrace asks the kernel, and needs no process for itself.
  const isAlone = chosen === 'strace';
  const check = (pid: number, facts: ProcessFacts | null): Check =>
    processCheck(pid, facts === null || isAlone ? facts : { ...facts, tracer: 0 }, host, names);
  // Of several that were named, as by a port, those that nobody traces are enough.
  const seen = new Map(pids.map((pid) => [pid, pid === process.pid ? null : view.read(pid)]));
  const isOther = (facts: ProcessFacts | null | undefined): boolean => isAlone && (facts?.tracer ?? 0) !== 0;
  const isAnyFree = [...seen.values()].some((facts) => facts !== null && !isOther(facts));
  // Named processes first: a mistyped pid must not read as a problem of its neighbour.
  assertChecks(
    pids.filter((pid) => !isAnyFree || !isOther(seen.get(pid))).map((pid) => check(pid, seen.get(pid) ?? null)),
  );
  const processes = family ? findFamily(pids, view) : pids.flatMap((pid) => view.read(pid) ?? []);
  const living = processes.filter(({ pid, state }) => pid !== process.pid && state !== 'Z');
  const held = living.filter(({ tracer }) => tracer !== 0);
  const free = living.filter((facts) => !isOther(facts));
  // Of a server of which another tracer has all workers nothing would be seen.
  const masters = living.filter(({ parent }) => !living.some(({ pid }) => pid === parent));
  const traced = free.some((facts) => !masters.includes(facts)) || living.length === masters.length ? free : living;
  assertChecks(traced.map((facts) => check(facts.pid, facts)));
  const machine = machineOf(process.arch);
  const watch = machine === null ? null : new KernelWatch({ machine });
  watch?.look(living.map(({ pid }) => pid));
  const notes = held.map((each) => heldWords(each, names.nameOf(each.tracer), isAlone));
  const beside = living.filter((facts) => !traced.includes(facts));
  return { engine: chosen, why, processes: traced, beside, notes, watch };
}

function heldWords({ pid, name, tracer, state }: ProcessFacts, tracerName: string, isAlone: boolean): string {
  const who = `pid ${tracer}${tracerName === '' ? '' : ` (${tracerName})`}`;
  if (isAlone && state === 't')
    return `Process ${pid} (${name}) is held by a debugger, ${who}: not traced, and it serves nobody meanwhile.`;
  if (isAlone) return `Process ${pid} (${name}) is left out: ${who} traces it, and only one tracer can attach.`;
  const stands = state === 't' ? ', and serves nobody while that holds it' : '';
  return `Process ${pid} (${name}) is already traced by ${who}${stands}. bpftrace traces it as well.`;
}

interface CaptureOptions extends Omit<SpoolOptions, 'engine' | 'isRing'> {
  /** Only so much of the end of the capture is kept; its space is `mostBytes`. */
  readonly ringSeconds?: number | undefined;
  readonly seconds: number;
  /** It ends when tracing costs more of one processor. */
  readonly mostPercent?: number | undefined;
  /** What bpftrace runs. */
  readonly program: ProgramName;
  /** Processes that are looked at and not traced. */
  readonly beside?: readonly ProcessFacts[];
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
  {
    seconds,
    program,
    signal,
    watch = null,
    code = 'off',
    beside = [],
    ringSeconds,
    mostPercent,
    ...place
  }: CaptureOptions,
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
  const options = { signal, watch, beside, code: codeWatch(code), ringSeconds, mostPercent };
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

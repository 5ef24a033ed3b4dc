import { existsSync, readdirSync } from 'node:fs';
import type { Machine } from '../../trace/syscall-numbers.ts';
import { type Family, syscall } from '../../trace/syscalls.ts';
import { AttachError } from '../attach-error.ts';
import { callLines, callLinesOf } from '../bpftrace/call-lines.ts';
import { descriptorLines } from '../bpftrace/descriptor-lines.ts';
import { bpftraceProgram, type ProgramName, programEnvironment } from '../bpftrace/program.ts';
import { afterRefusal } from './checks.ts';
import type { Engine } from './engine.ts';
import { guarded, type LaunchLimits } from './launch.ts';
import { listeningPorts } from './listening-ports.ts';
import type { ToldLoss } from './loss-log.ts';
import { linkOrEmpty, type ProcessFacts } from './process-facts.ts';
import { reasonIn } from './program-checks.ts';
import type { ProcessSight, ThreadSight } from './sights.ts';
import type { Spool } from './spool.ts';

/** Compiling and attaching take 1.5 to 2.5 s, more on a busy host, and the guards' clock already runs. */
const START_SECONDS = 15;
const PATIENCE_SECONDS = 6;
/**
 * Lines are written 4 KB at a time, since a write for each made bpftrace lose a third of 30,000 events a second. A
 * blank line, which bpftrace writes through, brings what there is to whoever reads along.
 */
const FLUSH = '\n// What is there is written now, for whoever reads along.\ninterval:ms:250 { print(""); }\n';
/** bpftrace does not hear a SIGINT shortly after its start. */
const DEAF_MS = 300;

/**
 * Calls that threads are in, as bpftrace prints them when it ends, and an end of the capture now. When one began is
 * known to a second.
 */
function openCalls(processes: readonly ProcessSight[], begin: (thread: ThreadSight) => number): string {
  const calls = processes.flatMap(({ threads }) =>
    threads.flatMap((thread) => {
      const { tid, call, number, args } = thread;
      if (call === '' || number < 0) return [];
      const words = args.slice(0, 4).map((word) => BigInt.asIntN(64, BigInt(`0x${word}`)));
      return [`@in[${tid}]: (${[Math.round(begin(thread)), number, ...words].join(', ')})\n`];
    }),
  );
  return `event=end ts=${process.hrtime.bigint()}\n${calls.join('')}`;
}

/**
 * Of who waits for several descriptors, for which: it is in memory, and whether they are those of its loop tells apart
 * a server at rest and one that is stuck.
 */
function openSets(processes: readonly ProcessSight[], machine: Machine): string {
  const waiting = processes.flatMap(({ pid, threads }) =>
    threads
      .filter(({ call }) => call !== '' && IN_MEMORY.has(syscall(call).family))
      .map(({ tid }) => [pid, tid] as const),
  );
  return callLinesOf(waiting, machine);
}

const IN_MEMORY: ReadonlySet<Family> = new Set<Family>(['poll', 'select']);

const TRACEPOINTS = ['/sys/kernel/tracing/events/syscalls', '/sys/kernel/debug/tracing/events/syscalls'];

function hasTracepoint(name: string): boolean {
  return TRACEPOINTS.some((folder) => existsSync(`${folder}/${name}`));
}

function hasEpoll(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => linkOrEmpty(`/proc/${pid}/fd/${fd}`).endsWith('[eventpoll]'));
  } catch {
    // It has ended.
    return false;
  }
}

/** From 0.24 on bpftrace tells losses on stderr, which no capture holds. */
function lossLines(losses: readonly ToldLoss[]): string {
  return losses.map(({ at, count }) => `event=lost ts=${Math.round(at)} count=${count}\n`).join('');
}

/** The first line of the program, as if it began now. */
function startLine(name: ProgramName, machine: Machine): string {
  const clock = (Date.now() / 1_000).toFixed(6);
  return `event=start program=${name} version=1 machine=${machine} ts=${process.hrtime.bigint()} clock=${clock}\n`;
}

/** bpftrace with drover's own program. Stops nobody: where it cannot keep up it loses events, and counts them. */
export function bpftraceEngine(
  name: ProgramName,
  processes: readonly ProcessFacts[],
  spool: Spool,
  machine: Machine,
  limits: LaunchLimits,
): Engine {
  const pids = processes.map(({ pid }) => pid);
  const program = spool.add(
    `${name}.bt`,
    bpftraceProgram(name, {
      pids,
      machine,
      ports: listeningPorts(pids),
      hasTracepoint,
      hasEpoll: pids.some(hasEpoll),
    }) + FLUSH,
  );
  // What a descriptor is that was there before, and what a thread is in: the program sees only what begins from now on.
  spool.write(descriptorLines(pids) + callLines(pids, machine));
  const before = spool.bytes;
  let start = '';
  return {
    name: 'bpftrace',
    command: guarded(
      ['bpftrace', '-B', 'full', program],
      { ...limits, seconds: limits.seconds + START_SECONDS },
      PATIENCE_SECONDS,
    ),
    environment: programEnvironment(name),
    writesToStdout: true,
    counts: name === 'watch',
    stopsProcesses: false,
    runsProgram: false,
    // Who was silent all the time, and is in another call now, went there while the program was compiled.
    // A program that only counts prints no call, and so none that is open.
    closing: (living, seen) =>
      `\nevent=end ts=${process.hrtime.bigint()}\n${callLines(living, machine)}` +
      (name === 'watch' ? openCalls(seen, ({ since }) => since) : ''),
    lost: lossLines,
    opening: (living) => `${descriptorLines(living)}${callLines(living, machine)}${startLine(name, machine)}`,
    sights: { prefix: '', stamp: (at) => String(Math.round(at)) },
    // The program knows to the nanosecond when it began, no later than this, and tells at the end. One that only counts
    // does not know.
    open: (seen) =>
      openCalls(seen, ({ before, since }) => (name === 'watch' ? since : before)) + openSets(seen, machine),
    // Asked a second time while it prints its maps it would leave at once, without them.
    stop: { signal: 'SIGINT', patienceMs: PATIENCE_SECONDS * 1_000, repeatMs: 2_000, deafMs: DEAF_MS },
    hasBegun(_, bytes) {
      if (bytes() > before + 'event=start'.length) start = spool.lineWith('event=start ', before);
      return start !== '';
    },
    start: () => start,
    explain(words) {
      const reason = reasonIn(words.join('\n'));
      return new AttachError(`bpftrace could not start${reason === '' ? '' : `: ${reason}`}.`, {
        hint: afterRefusal('Use --engine strace, or see what drover doctor says.'),
      });
    },
  };
}

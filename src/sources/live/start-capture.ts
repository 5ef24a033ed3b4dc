import { machineOf, type ProgramName } from '../bpftrace/program.ts';
import { bpftraceEngine } from './bpftrace-engine.ts';
import { LiveCapture } from './capture.ts';
import type { ProcessFacts } from './process-facts.ts';
import { Spool, type SpoolOptions } from './spool.ts';
import { straceEngine } from './strace-engine.ts';

interface CaptureOptions extends Omit<SpoolOptions, 'engine'> {
  readonly seconds: number;
  /** What bpftrace runs. */
  readonly program: ProgramName;
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
  { seconds, program, signal, ...place }: CaptureOptions,
): Promise<LiveCapture> {
  const spool = new Spool({ ...place, engine });
  const limits = { seconds, bytes: place.mostBytes };
  const machine = machineOf(process.arch);
  const chosen =
    engine === 'bpftrace' && machine !== null
      ? bpftraceEngine(program, processes, spool, machine, limits)
      : straceEngine(processes, spool.forTracer, limits);
  return LiveCapture.start(chosen, processes, seconds, spool, signal);
}

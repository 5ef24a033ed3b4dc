import { asOperand } from '../../files/operand.ts';
import type { LiveCapture } from '../../sources/live/capture.ts';
import { durationOfMs, mebibytes, plural } from '../../trace/format-numbers.ts';
import type { RecordFlags } from '../options/capture.ts';
import type { Condition } from '../options/until.ts';
import { UsageError } from '../options/usage-error.ts';
import { EXIT } from '../printing/exit-code.ts';
import { notices, writeStdout } from '../printing/write-result.ts';
import { beginCapture } from './begin.ts';
import { CommandWatch } from './command-watch.ts';
import { hostName } from './default-name.ts';
import { checkDumpName } from './dump.ts';
import { Recorder } from './recorder.ts';
import { detachOnSignals, type FatalSignal } from './signals.ts';
import { spoken } from './spoken.ts';

/** Shorter turns are counted by watch.bt, and not told. */
const TOLD_TURN_MS = 100;
const TOLD_ERRORS: ReadonlySet<string> = new Set(['EPIPE', 'ECONNRESET']);

/**
 * The flight recorder: keeps the last seconds of a running server and writes them into a file whenever a condition
 * holds; prints the name of each file. Throws `UsageError`, `OutputError`, `AttachError` and `InputError`.
 */
export async function runRing(pids: readonly number[], flags: RecordFlags, ringSeconds: number): Promise<number> {
  const say = notices(flags);
  const name = flags.output ?? flags.save ?? `${hostName()}.trace`;
  const conditions = flags.until ?? [];
  if (flags.engine === 'watch' || flags.program === 'watch') demandCounted(conditions);
  // Nobody should learn at the first stall that nothing can be written.
  checkDumpName(name, flags.maxSpool);
  const { output: _, save: __, ...others } = flags;
  const commands: CommandWatch[] = [];
  let failedBefore = '';
  let tell = (reason: string): void => {
    failedBefore = reason;
  };
  for (const condition of conditions)
    if (condition.kind === 'command') commands.push(CommandWatch.start(condition.words, (reason) => tell(reason)));
  try {
    const capture = await beginCapture(pids, others, say, 0, ringSeconds);
    if (capture === null) return EXIT.done;
    const recorder = new Recorder({
      capture,
      conditions,
      ringSeconds,
      mostDumps: flags.dumps,
      mostBytes: flags.maxSpool,
      name,
      say,
      // Who reads the names may have left; the recorder goes on.
      written: (path) => writeStdout(`${path}\n`).catch(() => undefined),
    });
    let fatal: FatalSignal | null = null;
    try {
      detachOnSignals(capture, say, (signal) => {
        fatal = signal;
      });
      process.on('SIGUSR1', () => recorder.trigger('Asked by SIGUSR1'));
      say(beginning(capture, flags, ringSeconds));
      tell = (reason) => recorder.trigger(reason);
      if (failedBefore !== '') recorder.trigger(failedBefore);
      await recorder.run();
    } catch (error) {
      capture.stop();
      await capture.ended;
      throw error;
    }
    return await ending(capture, recorder, say, fatal);
  } finally {
    for (const command of commands) command.end();
  }
}

/** What counts never tell would never be written. Throws `UsageError`. */
function demandCounted(conditions: readonly Condition[]): void {
  for (const condition of conditions) {
    if (condition.kind === 'stall' && condition.ms < TOLD_TURN_MS)
      throw new UsageError(`--engine watch reports no stall of less than ${TOLD_TURN_MS} ms.`, {
        hint: `Write --until 'stall>${TOLD_TURN_MS}ms', or use --engine bpftrace`,
      });
    if (condition.kind === 'error' && !TOLD_ERRORS.has(condition.errno))
      throw new UsageError(`--engine watch does not report ${condition.errno}.`, {
        hint: `It reports ${[...TOLD_ERRORS].join(' and ')} of writes; --engine bpftrace reports every error`,
      });
  }
}

async function ending(
  capture: LiveCapture,
  recorder: Recorder,
  say: (sentence: string) => void,
  fatal: FatalSignal | null,
): Promise<number> {
  const { reason, sentence, detached } = await capture.ended;
  const why = fatal === null ? sentence : `Stopped by ${fatal.signal}.`;
  for (const part of [why, detached]) if (part !== '') say(part);
  const { dumps, failed, unwritten } = recorder;
  const others = failed === 0 ? '' : `, ${failed} could not be written`;
  const them = unwritten === 1 ? 'it' : 'them';
  const lost =
    unwritten === 0
      ? ''
      : ` ${plural(unwritten, 'more thing')} happened after the last dump began; no file holds ${them}.`;
  const [hold, whom] = dumps === 1 && others === '' ? ['It holds', 'it'] : ['They hold', 'them'];
  say(
    dumps === 0 && failed === 0
      ? 'No --until condition was met: no file was written.'
      : `${plural(dumps, 'dump')}${others}. ${hold} what clients sent; only you can read ${whom}.${lost}`,
  );
  if (fatal !== null) return fatal.code;
  if (failed > 0) return EXIT.output;
  return reason === 'tracer-died' ? EXIT.partial : EXIT.done;
}

function beginning({ processes, engine, file }: LiveCapture, flags: RecordFlags, ringSeconds: number): string {
  const { maxSpool, dumps, for: seconds, until = [] } = flags;
  const count = plural(processes.length, 'process', 'processes');
  const when = [...until.map(inWords), `kill -USR1 ${process.pid}`].join(', or ');
  return (
    `Tracing ${count} with ${engine.name} for ${spoken(seconds)}; the last ${spoken(ringSeconds)} are kept in ` +
    `${file}, ${mebibytes(maxSpool)} at most. They are written to a new file at ${when}: ` +
    `${plural(dumps, 'file')} at most, ${spoken(ringSeconds)} apart. Ctrl-C ends the recorder and writes no file.`
  );
}

function inWords(condition: Condition): string {
  if (condition.kind === 'stall') return `a stall of ${durationOfMs(condition.ms)}`;
  if (condition.kind === 'error') return condition.errno;
  return condition.kind === 'death' ? 'a death' : `a failure of ${asOperand(condition.words[0])}`;
}

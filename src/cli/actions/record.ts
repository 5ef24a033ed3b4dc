import { asOperand } from '../../files/operand.ts';
import { beginCapture } from '../capture/begin.ts';
import { defaultName } from '../capture/default-name.ts';
import { detachOnSignals } from '../capture/signals.ts';
import { beginSummary, detachSummary, nothingSeen, reportUnkept } from '../capture/summary.ts';
import type { RecordFlags } from '../options/capture.ts';
import { UsageError } from '../options/usage-error.ts';
import { EXIT } from '../printing/exit-code.ts';
import { notices, writeStdout } from '../printing/write-result.ts';

/** Traces into a file and prints its name. Throws `UsageError`, `OutputError`, `AttachError` and `InputError`. */
export async function runRecord(pids: readonly number[], flags: RecordFlags): Promise<number> {
  if (flags.output !== undefined && flags.save !== undefined && flags.output !== flags.save)
    throw new UsageError('-o and --save both name the capture.', { hint: 'Give one of them.' });
  const isPassedOn = (flags.output ?? flags.save) === '-';
  if (flags.ring !== undefined && isPassedOn)
    throw new UsageError('--ring writes a file each time, and -o - names none.', { hint: 'Name a file: -o web.trace' });
  if (flags.ring !== undefined) return (await import('../capture/flight-recorder.ts')).runRing(pids, flags, flags.ring);
  if (flags.until !== undefined)
    throw new UsageError('--until says when the ring is written to a file, and --ring is missing.', {
      hint: 'Add --ring 60s',
    });
  if (isPassedOn) return (await import('../capture/to-stdout.ts')).recordToStdout(pids, flags);
  const say = notices(flags);
  const capture = await beginCapture(pids, { ...flags, save: flags.output ?? flags.save ?? defaultName() }, say);
  if (capture === null) return EXIT.done;
  detachOnSignals(capture, say);
  say(beginSummary(capture, flags.for));
  const end = await capture.ended;
  if (end.bytes === 0) throw nothingSeen(end);
  for (const sentence of detachSummary(capture, end)) say(sentence);
  if (flags.quiet === true) reportUnkept(capture, end);
  await writeStdout(`${capture.file}\n`);
  say(`Read it with: drover ${asOperand(capture.file)}`);
  if (end.unkept !== '') return EXIT.output;
  return end.reason === 'tracer-died' ? EXIT.partial : EXIT.done;
}

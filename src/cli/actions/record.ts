import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { asOperand } from '../../files/operand.ts';
import { beginCapture } from '../capture/begin.ts';
import { detachOnSignals } from '../capture/signals.ts';
import { beginSummary, detachSummary, nothingSeen, reportUnkept } from '../capture/summary.ts';
import type { RecordFlags } from '../options/capture.ts';
import { UsageError } from '../options/usage-error.ts';
import { EXIT } from '../printing/exit-code.ts';
import { notices, writeStdout } from '../printing/write-result.ts';

const SUFFIX_DIGITS = 4;

/** Traces into a file and prints its name. Throws `UsageError`, `OutputError`, `AttachError` and `InputError`. */
export async function runRecord(pids: readonly number[], flags: RecordFlags): Promise<number> {
  if (flags.output !== undefined && flags.save !== undefined && flags.output !== flags.save)
    throw new UsageError('-o and --save both name the capture.', { hint: 'Give one of them.' });
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

/** `drover-web-1-20261120T021337-0815.trace`, in UTC, with digits that nobody can foresee. */
function defaultName(): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z$/g, '');
  const suffix = String(randomInt(10 ** SUFFIX_DIGITS)).padStart(SUFFIX_DIGITS, '0');
  return `drover-${hostname().replace(/[^\w.-]/g, '_')}-${time}-${suffix}.trace`;
}

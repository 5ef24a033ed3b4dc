import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { asOperand } from '../../files/operand.ts';
import { nothingSeen } from '../capture/live-report.ts';
import { beginning, detachOnSignals, farewell, pidsOf, startSession, tellUnkept } from '../capture/live-session.ts';
import type { RecordFlags } from '../commands/record.ts';
import { EXIT } from '../exit-code.ts';
import { UsageError } from '../usage-error.ts';
import { writeStdout } from '../write-result.ts';

const SUFFIX_DIGITS = 4;

/** Traces into a file and prints its name. Throws `UsageError`, `OutputError`, `AttachError` and `InputError`. */
export async function runRecord(words: readonly string[], flags: RecordFlags): Promise<number> {
  const pids = pidsOf(words);
  if (flags.output !== undefined && flags.save !== undefined && flags.output !== flags.save)
    throw new UsageError('-o and --save both name the capture.', { hint: 'Give one of them.' });
  const say = (sentence: string): void => {
    if (flags.quiet !== true) process.stderr.write(`drover: ${sentence}\n`);
  };
  const capture = await startSession(pids, { ...flags, save: flags.output ?? flags.save ?? defaultName() }, say);
  if (capture === null) return EXIT.done;
  detachOnSignals(capture, say);
  say(beginning(capture, flags.for));
  const end = await capture.ended;
  if (end.bytes === 0) throw nothingSeen(end);
  for (const sentence of farewell(capture, end)) say(sentence);
  if (flags.quiet === true) tellUnkept(capture, end);
  await writeStdout(`${capture.file}\n`);
  say(`Read it with: drover ${asOperand(capture.file)}`);
  return end.unkept === '' ? EXIT.done : EXIT.output;
}

/** `drover-web-1-20261120T021337-0815.trace`, in UTC, with digits that nobody can foresee. */
function defaultName(): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z$/g, '');
  const suffix = String(randomInt(10 ** SUFFIX_DIGITS)).padStart(SUFFIX_DIGITS, '0');
  return `drover-${hostname().replace(/[^\w.-]/g, '_')}-${time}-${suffix}.trace`;
}

import { hostname } from 'node:os';
import { EXIT } from './exit-code.ts';
import { beginning, detachOnSignals, farewell, pidsOf, startSession } from './live-session.ts';
import type { RecordFlags } from './record-command.ts';
import { writeResult } from './write-result.ts';

/** Traces into a file and prints its name. Throws `UsageError` and `AttachError`. */
export async function runRecord(words: readonly string[], flags: RecordFlags): Promise<number> {
  const pids = pidsOf(words);
  const say = (sentence: string): void => {
    if (flags.quiet !== true) process.stderr.write(`drover: ${sentence}\n`);
  };
  const capture = await startSession(pids, { ...flags, save: flags.output ?? flags.save ?? defaultName() }, say);
  if (capture === null) return EXIT.done;
  detachOnSignals(capture, say);
  say(beginning(capture, flags.for));
  for (const sentence of farewell(capture, await capture.ended)) say(sentence);
  await writeResult(`${capture.file}\n`, undefined);
  say(`Read it with: drover ${capture.file}`);
  return EXIT.done;
}

/** `drover-web-1-20261120T021337.trace`, in UTC. */
function defaultName(): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z$/g, '');
  return `drover-${hostname().replace(/[^\w.-]/g, '_')}-${time}.trace`;
}

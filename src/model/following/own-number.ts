import type { Call } from '../../trace/record.ts';
import { PerThread } from '../machine/owned-state.ts';
import type { Processes } from '../machine/processes.ts';
import type { Thread } from '../machine/thread.ts';

/** Where a program writes its log when nothing else was said, and what stands below it. */
export const STANDARD_ERROR = 2;
/** A program that says its number says it in each line. */
const MOST_LINES = 20;
/** How a line of uWSGI's log begins: `[pid: 4711|app: 0|req: 3/7]`. */
const OWN_NUMBER = /^\[pid: (\d{1,9})\|/;
const LONGEST_NUMBER = 24;

/** Lines of its log that were looked at. */
const linesRead = new PerThread<{ count: number }>();

/** uWSGI says in each line of its log which process writes it, whichever of its threads does. */
export function readOwnNumber(call: Call, thread: Thread, { memberships }: Processes): void {
  const read = linesRead.of(thread) ?? linesRead.set(thread, { count: 0 });
  if (read.count >= MOST_LINES) return;
  read.count++;
  const [, pid] = OWN_NUMBER.exec(call.arguments.payload(LONGEST_NUMBER) ?? '') ?? [];
  if (pid !== undefined) memberships.pidNamed(thread, Number(pid));
}

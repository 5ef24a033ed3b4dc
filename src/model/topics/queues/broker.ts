import type { Call } from '../../../trace/record.ts';

/** So many bytes of a command hold its name and that of the first queue. */
const HEAD_BYTES = 128;
/** Commands of Redis that wait until there is something in one of the queues that they name. */
const TAKES =
  /^\*\d+\r\n\$\d+\r\n(?:BLPOP|BRPOP|BRPOPLPUSH|BLMOVE|BLMPOP|BZPOPMIN|BZPOPMAX|XREADGROUP)\r\n(?:\$\d+\r\n([^\r\n]{1,64}))?/i;

/** The queue from which this call asks for the next job; '' when it does not show, null when it asks for none. */
export function takesFromQueue(call: Call): string | null {
  if (call.arguments.payload(1) !== '*') return null;
  const found = TAKES.exec(call.arguments.payload(HEAD_BYTES) ?? '');
  return found === null ? null : (found[1] ?? '');
}

/** What they answer first: the queue that had something. */
const TAKEN_FROM = /^\*[23]\r\n\$\d+\r\n([^\r\n]{1,64})\r\n/;

/** The queue of which this answer may bring a job; '' when it is none. */
export function mayHaveTaken(call: Call): string {
  return TAKEN_FROM.exec(call.arguments.payload(HEAD_BYTES) ?? '')?.[1] ?? '';
}

/** Whether a command that takes from queues names this one, where it shows. */
export function namesQueue(call: Call, queue: string): boolean {
  return (call.arguments.payload(HEAD_BYTES) ?? '').includes(`\n${queue}\r`);
}

/** Whether this answer is a job: there is none when the time is up. */
export function hasTakenOne(call: Call): boolean {
  const answer = call.arguments.payload(4) ?? '';
  return !/^(?:[*$]-1|_)/.test(answer);
}

import type { Call } from '../../../trace/record.ts';
import { type Nanoseconds, SECOND } from '../../../trace/time.ts';
import type { Descriptor } from '../../machine/descriptors.ts';
import { PerProcess } from '../../machine/owned-state.ts';
import type { Process } from '../../machine/process.ts';

/** A service behind this server refused what it was asked. */
export interface AnswerBehind {
  /** Of HTTP, as `503`. */
  readonly status: string;
  /** Its address. */
  readonly from: string;
  readonly at: Nanoseconds;
}

/** `HTTP/1.1 503 `; in a record of FastCGI, which begins with its version and its kind, `Status: 503 `. */
const REFUSING = /^(?:HTTP\/1\.[01] |\x01\x06[^]{6}Status: )(429|50[0234])\b/;
/** Both stand in so many bytes, and most answers are none of them. */
const HEAD_BYTES = 32;
/** An answer is passed on as soon as it is there. */
const AT_ONCE = SECOND;
/** Answers that were not passed on yet, at most. */
const MOST_ANSWERS = 256;

const answers = new PerProcess<AnswerBehind[]>();

/** Something was read from a service behind. */
export function noteAnswered(call: Call, process: Process, { peer }: Descriptor): void {
  if (!(call.result > 0) || peer === '') return;
  const [, status] = REFUSING.exec(call.arguments.payload(HEAD_BYTES) ?? '') ?? [];
  if (status === undefined) return;
  const known = answers.of(process) ?? answers.set(process, []);
  if (known.length >= MOST_ANSWERS) known.shift();
  known.push({ status, from: peer, at: call.end });
}

/**
 * The answer that a process passes on when it refuses a request with that status: each is passed on once, and a loop
 * does not show for which of its requests it came. Null where none came right before.
 */
export function passedOnBy(process: Process, status: string, at: Nanoseconds): AnswerBehind | null {
  const known = answers.of(process);
  const place = known?.findIndex((answer) => answer.status === status && answer.at <= at && at - answer.at < AT_ONCE);
  return known === undefined || place === undefined || place < 0 ? null : (known.splice(place, 1)[0] ?? null);
}

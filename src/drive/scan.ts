import type { TraceFormat } from '../../parsers/format.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import { describeUnknown } from '../../parsers/not-a-trace.ts';
import { detectFormat } from '../../parsers/registry.ts';
import { InputError } from '../sources/input-error.ts';
import type { TraceInput } from '../sources/trace-input.ts';
import { createTimeOrigin, type Nanoseconds, SECOND, type TimeOrigin, type TimestampKind } from '../trace/time.ts';
import { OpenInput } from './open-input.ts';
import { leave, type PeekedInput, peek } from './peeked-input.ts';
import { timeOf } from './record-time.ts';

const UNKNOWN_HINT = 'drover reads what strace, bpftrace and perf trace write, best: strace -f -ttt -T -y -s 128 -o trace.strace -p PID';
const EMPTY_HINT = 'strace writes nothing before the traced processes make a call: was the right pid attached?';

/** An input that is known to be a trace. */
export interface ScannedInput {
  readonly input: TraceInput;
  readonly format: TraceFormat;
  /** Still open because it is alone, or a pipe, which cannot be read from the beginning again. */
  readonly peeked: PeekedInput | null;
  readonly clock: TimestampKind;
  /** The first time in its head; minus infinity when it has none that compares with those of other inputs. */
  readonly start: Nanoseconds;
}

export interface SkippedInput {
  readonly code: 'unknown-input' | 'mixed-clocks' | 'read-error';
  readonly name: string;
  readonly reason: string;
}

/** The inputs to read, earliest first, and the zero of their common time axis. */
export interface Scan {
  readonly inputs: readonly ScannedInput[];
  readonly origin: TimeOrigin;
  readonly skipped: readonly SkippedInput[];
}

/** Looks at the head of each input and puts those that are traces in order of time. Throws `InputError` when there is none. */
export async function scan(inputs: readonly TraceInput[]): Promise<Scan> {
  const [only] = inputs;
  return only !== undefined && inputs.length === 1 ? scanOne(only) : scanSeveral(inputs);
}

async function scanOne(input: TraceInput): Promise<Scan> {
  const peeked = await peek(input, 1);
  if (peeked.head.length === 0) throw new InputError(`${input.name} is empty.`, { hint: EMPTY_HINT });
  const format = detectFormat(peeked.head);
  if (format === null)
    throw new InputError(`${input.name} is not a trace that drover knows: ${describeUnknown(peeked.head)}`, { hint: UNKNOWN_HINT });
  return { inputs: [{ input, format, peeked, clock: 'none', start: 0 }], origin: createTimeOrigin(), skipped: [] };
}

/** One input of several that cannot be read is left out; the others tell their part. Throws whatever is no `InputError`. */
export function skippedBy({ name }: TraceInput, error: unknown): SkippedInput {
  if (!(error instanceof InputError)) throw error;
  return { code: 'read-error', name, reason: error.reason };
}

async function peekOrSkip(input: TraceInput, count: number, skipped: SkippedInput[]): Promise<PeekedInput | null> {
  try {
    return await peek(input, count);
  } catch (error) {
    skipped.push(skippedBy(input, error));
    return null;
  }
}

/** Empty files are left out silently: `strace -ff` makes many. */
async function scanSeveral(inputs: readonly TraceInput[]): Promise<Scan> {
  const traces: ScannedInput[] = [];
  const skipped: SkippedInput[] = [];
  const origin = createTimeOrigin();
  for (const input of inputs) {
    const peeked = await peekOrSkip(input, inputs.length, skipped);
    if (peeked === null) continue;
    const format = detectFormat(peeked.head);
    if (format !== null) {
      const open = new OpenInput(peeked, format, { lanes: new LaneTable(), origin });
      traces.push({ input, format, peeked: input.rereadable ? null : peeked, ...firstTime(open) });
    } else if (peeked.head.length > 0) {
      skipped.push({ code: 'unknown-input', name: input.name, reason: describeUnknown(peeked.head) });
    } else {
      // Empty by now: it may have lost what it held.
      for (const { text } of input.diagnostics) skipped.push({ code: 'read-error', name: input.name, reason: text });
    }
    if (input.rereadable || format === null) await leave(peeked);
  }
  const clock = traces.find(({ start }) => Number.isFinite(start))?.clock;
  const comparable = traces.filter((trace) => {
    if (!Number.isFinite(trace.start) || isTimeOfDay(trace.clock) === isTimeOfDay(clock)) return true;
    skipped.push({
      code: 'mixed-clocks',
      name: trace.input.name,
      reason: `its times (${trace.clock}) and those of the other files (${clock}) have no common zero`,
    });
    return false;
  });
  if (comparable.length === 0) throw nothingToRead(inputs, skipped);
  return { ...onCommonAxis(comparable, origin), skipped };
}

/** Reads until the first record that has a time. The parser is thrown away afterwards. */
function firstTime(open: OpenInput): { clock: TimestampKind; start: Nanoseconds } {
  const { parser } = open;
  open.pushHead();
  for (let record = parser.next(); record !== null; record = parser.next()) {
    const clock = parser.flags.timestamps;
    if (clock === 'none' || clock === 'relative') break;
    const time = record.kind === 'call' ? record.start : timeOf(record);
    if (time !== null) return { clock, start: time };
  }
  return { clock: parser.flags.timestamps, start: Number.NEGATIVE_INFINITY };
}

function isTimeOfDay(clock: TimestampKind | undefined): boolean {
  return clock === 'clock' || clock === 'clock-seconds';
}

function nothingToRead(inputs: readonly TraceInput[], skipped: readonly SkippedInput[]): InputError {
  const [first] = skipped;
  if (first === undefined) return new InputError(`All ${inputs.length} files are empty.`, { hint: EMPTY_HINT });
  const more = skipped.length > 1 ? ` Nor is any of the other ${skipped.length - 1}.` : '';
  if (first.code === 'read-error') return new InputError(`Cannot read ${first.name}: ${first.reason}.${more}`);
  return new InputError(`${first.name} is not a trace that drover knows: ${first.reason}${more}`, { hint: UNKNOWN_HINT });
}

/** The trace begins with its earliest input, whichever was named first. */
function onCommonAxis(inputs: readonly ScannedInput[], origin: TimeOrigin): { inputs: readonly ScannedInput[]; origin: TimeOrigin } {
  const zero = inputs.reduce(
    (earliest, { start }) => (Number.isFinite(start) && start < earliest ? start : earliest),
    Number.POSITIVE_INFINITY,
  );
  if (origin.seconds === null || !Number.isFinite(zero)) return { inputs, origin: createTimeOrigin() };
  const nanoseconds = origin.nanoseconds + zero;
  const seconds = Math.floor(nanoseconds / SECOND);
  const moved: TimeOrigin = { kind: origin.kind, seconds: origin.seconds + seconds, nanoseconds: nanoseconds - seconds * SECOND };
  const shifted = inputs.map((input) => ({ ...input, start: input.start - zero }));
  return { inputs: shifted.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0)), origin: moved };
}

import type { TraceFormat, TraceParser } from '../../parsers/format.ts';
import { LaneTable } from '../../parsers/lanes.ts';
import { describeUnknown } from '../../parsers/not-a-trace.ts';
import { detectFormat, FORMAT_TITLES, formatWithColumns } from '../../parsers/registry.ts';
import { InputError } from '../sources/input-error.ts';
import { STDIN_NAME } from '../sources/stdin-input.ts';
import type { TraceInput } from '../sources/trace-input.ts';
import { COLUMN_NAMES, complaintOfColumns } from '../trace/column-names.ts';
import { createTimeOrigin, type Nanoseconds, SECOND, type TimeOrigin, type TimestampKind } from '../trace/time.ts';
import { leave, type PeekedInput, peek } from './peeked-input.ts';
import { timeOf } from './record-time.ts';

const UNKNOWN_HINT = `drover reads ${FORMAT_TITLES}, best: strace -f -ttt -T -y -s 128 -o trace.strace -p PID`;
const EMPTY_HINT = 'strace writes nothing before the traced processes make a call: was the right pid attached?';

const DAY = 86_400;
/** Clocks in the order of what they tell. */
const CLOCKS: readonly TimestampKind[] = ['epoch', 'monotonic', 'clock', 'clock-seconds', 'relative', 'none'];

/** An input that is known to be a trace. */
export interface ScannedInput {
  readonly input: TraceInput;
  readonly format: TraceFormat;
  /** Still open because it is alone, or a pipe, which cannot be read from the beginning again. */
  readonly peeked: PeekedInput | null;
  readonly clock: TimestampKind;
  /** Its name says whose calls it holds, and no line names another thread: a file of `strace -ff`. */
  readonly isOfOneThread: boolean;
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

/**
 * Looks at the head of each input and puts those that are traces in order of time. Throws `InputError` when there is
 * none, and what `chunkRead` throws, which is called after each of several.
 */
export async function scan(
  inputs: readonly TraceInput[],
  chunkRead: () => void = () => undefined,
  columns?: readonly string[],
): Promise<Scan> {
  const complaint = columns === undefined ? '' : complaintOfColumns(columns);
  if (complaint !== '') throw new InputError(complaint, { hint: `Columns are named ${COLUMN_NAMES}.` });
  const [only] = inputs;
  return only !== undefined && inputs.length === 1 ? scanOne(only, columns) : scanSeveral(inputs, chunkRead, columns);
}

/** The format of a head, by the columns that the user names if any are. Throws `InputError` when no line fits them. */
function formatOf({ input, head }: PeekedInput, columns: readonly string[] | undefined): TraceFormat | null {
  if (columns === undefined || head.length === 0) return detectFormat(head);
  const format = formatWithColumns(head, columns);
  if (format === null)
    throw new InputError(
      `No line of ${input.name} has the ${columns.length} columns that were named: ${columns.join(' ')}.`,
      { hint: 'Name every word of a line, with _ for those that are not read; brackets, commas and quotes separate.' },
    );
  return format;
}

async function scanOne(input: TraceInput, columns: readonly string[] | undefined): Promise<Scan> {
  const peeked = await peek(input, 1, columns);
  if (peeked.head.length === 0)
    throw new InputError(`${input.name} is empty.`, { hint: EMPTY_HINT, reason: 'it is empty' });
  const format = formatOf(peeked, columns);
  if (format === null) throw notATrace(input, peeked.head);
  const { origin } = beginningOf(peeked, format);
  const scanned = { input, format, peeked, clock: origin.kind, isOfOneThread: false, start: 0 };
  return { inputs: [scanned], origin, skipped: [] };
}

function notATrace(input: TraceInput, head: Buffer): InputError {
  const what = describeUnknown(head, input.name === STDIN_NAME ? '-' : input.name);
  return new InputError(`${input.name} is not a trace that drover knows: ${what}`, {
    hint: UNKNOWN_HINT,
    reason: `it is not a trace that drover knows: ${what}`,
  });
}

/**
 * One input of several that cannot be read is left out; the others tell their part. Throws whatever is no `InputError`.
 */
export function skippedBy({ name }: TraceInput, error: unknown): SkippedInput {
  if (!(error instanceof InputError)) throw error;
  return { code: 'read-error', name, reason: error.reason };
}

async function peekOrSkip(
  input: TraceInput,
  count: number,
  columns: readonly string[] | undefined,
  skipped: SkippedInput[],
): Promise<PeekedInput | null> {
  try {
    return await peek(input, count, columns);
  } catch (error) {
    skipped.push(skippedBy(input, error));
    return null;
  }
}

/** Empty files are left out silently: `strace -ff` makes many. */
async function scanSeveral(
  inputs: readonly TraceInput[],
  chunkRead: () => void,
  columns: readonly string[] | undefined,
): Promise<Scan> {
  const traces: DatedInput[] = [];
  const skipped: SkippedInput[] = [];
  for (const input of inputs.toSorted(byName)) {
    const peeked = await peekOrSkip(input, inputs.length, columns, skipped);
    if (peeked === null) continue;
    const format = formatOf(peeked, columns);
    if (format !== null) {
      const { origin, start } = beginningOf(peeked, format);
      const isOfOneThread = input.tid !== undefined && !namesThreads(peeked, format);
      traces.push({ input, format, peeked: input.rereadable ? null : peeked, origin, isOfOneThread, start });
    } else if (peeked.head.length > 0) {
      skipped.push({ code: 'unknown-input', name: input.name, reason: describeUnknown(peeked.head, input.name) });
    } else {
      // Empty by now: it may have lost what it held.
      for (const { text } of input.diagnostics) skipped.push({ code: 'read-error', name: input.name, reason: text });
    }
    if (input.rereadable || format === null) await leave(peeked);
    chunkRead();
  }
  const clock = commonClock(traces);
  const comparable = traces.filter((trace) => {
    if (clock === null || !Number.isFinite(trace.start) || familyOf(trace.origin.kind) === familyOf(clock)) return true;
    skipped.push({
      code: 'mixed-clocks',
      name: trace.input.name,
      reason: `its times (${trace.origin.kind}) and those of the other files (${clock}) have no common zero`,
    });
    return false;
  });
  if (comparable.length === 0) throw nothingToRead(inputs, skipped);
  return { ...onCommonAxis(comparable), skipped };
}

/** An input with a time axis of its own. */
interface DatedInput extends Omit<ScannedInput, 'clock'> {
  readonly origin: TimeOrigin;
}

/** The same files make the same trace in whatever order they are named: by number, then by name. */
function byName(a: TraceInput, b: TraceInput): number {
  const [first, second] = [a.tid ?? -1, b.tid ?? -1];
  return first - second || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/**
 * Reads the head until its first stamp, and until the first record that has a time. The axis begins with that stamp, as
 * it will for the parser that reads the whole input; this one is thrown away. No more than the head is looked at,
 * however large the chunks are.
 */
function beginningOf({ input, head }: PeekedInput, format: TraceFormat): { origin: TimeOrigin; start: Nanoseconds } {
  const origin = createTimeOrigin();
  const parser = format.createParser(head, {
    file: input.name,
    lanes: new LaneTable(),
    origin,
    ...(input.tid === undefined ? {} : { tid: input.tid }),
  });
  parser.push(head);
  const begun = firstTime(parser);
  if (begun !== null) return { origin, start: begun };
  // Some formats hold lines back until later ones come.
  parser.end();
  return { origin, start: firstTime(parser) ?? Number.NEGATIVE_INFINITY };
}

/** The lines have a column that says whose they are. */
function namesThreads({ input, head }: PeekedInput, format: TraceFormat): boolean {
  const parser = format.createParser(head, { file: input.name, lanes: new LaneTable(), origin: createTimeOrigin() });
  return parser.flags.pids;
}

/** The time of the first record that has one which compares with those of other inputs. */
function firstTime(parser: TraceParser): Nanoseconds | null {
  for (let record = parser.next(); record !== null; record = parser.next()) {
    const clock = parser.flags.timestamps;
    if (clock === 'none' || clock === 'relative') return null;
    const time = record.kind === 'call' ? record.start : timeOf(record);
    if (time !== null) return time;
  }
  return null;
}

/**
 * The clock that most inputs have; of two that as many have the one that tells more. Null when none tells a time that
 * compares.
 */
function commonClock(traces: readonly DatedInput[]): TimestampKind | null {
  const votes = new Map<TimestampKind, number>();
  for (const { start, origin } of traces)
    if (Number.isFinite(start)) votes.set(familyOf(origin.kind), (votes.get(familyOf(origin.kind)) ?? 0) + 1);
  const most = Math.max(...votes.values());
  return CLOCKS.find((clock) => votes.get(clock) === most) ?? null;
}

/** Clocks whose times compare with each other. */
function familyOf(clock: TimestampKind): TimestampKind {
  return clock === 'clock-seconds' ? 'clock' : clock;
}

function nothingToRead(inputs: readonly TraceInput[], skipped: readonly SkippedInput[]): InputError {
  const [first] = skipped;
  if (first === undefined) return new InputError(`All ${inputs.length} files are empty.`, { hint: EMPTY_HINT });
  const more = skipped.length > 1 ? ` Nor is any of the other ${skipped.length - 1}.` : '';
  if (first.code === 'read-error') return new InputError(`Cannot read ${first.name}: ${first.reason}.${more}`);
  return new InputError(`${first.name} is not a trace that drover knows: ${first.reason}${more}`, {
    hint: UNKNOWN_HINT,
  });
}

/** The capture begins with its earliest input. */
function onCommonAxis(inputs: readonly DatedInput[]): { inputs: readonly ScannedInput[]; origin: TimeOrigin } {
  const dated = inputs.filter(({ start }) => Number.isFinite(start));
  const axes = new Map(dated.map((input) => [input, axisAt(input.origin, input.start)]));
  const midnight = dayBegins(dated.map(({ origin }) => origin));
  let zero: Axis | null = null;
  for (const axis of axes.values()) if (zero === null || between(zero, axis, midnight) < 0) zero = axis;
  if (zero === null) {
    const own = inputs.find(({ origin }) => origin.kind !== 'none')?.origin;
    return { inputs: inputs.map((input) => placedAt(input, input.start)), origin: own ?? createTimeOrigin() };
  }
  const first = zero;
  const placed = inputs.map((input) => {
    const axis = axes.get(input);
    return placedAt(input, axis === undefined ? input.start : between(first, axis, midnight));
  });
  return { inputs: placed.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0)), origin: { ...zero } };
}

/**
 * Written out: copies of objects with all that is in them have a shape each, which for forty thousand files is 12 MB.
 */
function placedAt({ input, format, peeked, origin, isOfOneThread }: DatedInput, start: Nanoseconds): ScannedInput {
  return { input, format, peeked, clock: origin.kind, isOfOneThread, start };
}

/** A moment on the clock of a trace, which a double of nanoseconds would not hold to the nanosecond. */
type Axis = TimeOrigin & { readonly seconds: number };

function axisAt({ kind, seconds, nanoseconds, isWhole = false }: TimeOrigin, start: Nanoseconds): Axis {
  const rest = nanoseconds + start;
  const whole = Math.floor(rest / SECOND);
  return { kind, seconds: (seconds ?? 0) + whole, nanoseconds: rest - whole * SECOND, isWhole };
}

function between(from: Axis, to: Axis, midnight: number): Nanoseconds {
  return (sinceDayBegan(to, midnight) - sinceDayBegan(from, midnight)) * SECOND + to.nanoseconds - from.nanoseconds;
}

function sinceDayBegan({ kind, seconds }: Axis, midnight: number): number {
  return familyOf(kind) === 'clock' && seconds < midnight ? seconds + DAY : seconds;
}

/**
 * Inputs that tell a time of day only, half of them before midnight: the longest time in which none begins is the night
 * before the first one.
 */
function dayBegins(origins: readonly TimeOrigin[]): number {
  const seconds = origins
    .flatMap((origin) => (familyOf(origin.kind) === 'clock' ? [origin.seconds ?? 0] : []))
    .sort((a, b) => a - b);
  let begins = 0;
  let longest = DAY / 2;
  for (const [place, second] of seconds.entries()) {
    const before = seconds[place - 1];
    if (before === undefined || second - before <= longest) continue;
    longest = second - before;
    begins = second;
  }
  return begins;
}

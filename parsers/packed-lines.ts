import { createTimeOrigin } from '../src/trace/time.ts';
import { decodeUtf8 } from '../src/trace/utf8.ts';
import {
  areTracers,
  bestReading,
  isTracers,
  MARKS,
  type Reading,
  readingByFormats,
  without,
} from './columns-before.ts';
import type { TraceFormat } from './format.ts';
import { LaneTable } from './lanes.ts';
import { isOfOtherTracer } from './lookalikes.ts';
import { barFields, htmlFields, separatedFields } from './packed/cell-fields.ts';
import type { FieldReader, Fields } from './packed/fields.ts';
import { jsonFields, pairFields } from './packed/json-fields.ts';
import { quotedFields } from './packed/quoted-fields.ts';
import { areQuotedPrintable, quotedPrintable } from './packed/quoted-printable.ts';
import { datingFirst, stampOf } from './packed/stamps.ts';
import { areTwice, once } from './packed/twice.ts';
import { Unwrapping, widthOf } from './packed/wrapped-lines.ts';
import { recognise } from './registry.ts';
import { ByteWindow } from './text/byte-window.ts';
import type { ForeignColumns } from './text/foreign-columns.ts';
import { LineCutter } from './text/line-cutter.ts';

/** Takes the lines of a trace out of what they are packed in; as many lines go out as come in. */
export interface Packing {
  /** Latin-1, a character a byte. Null while a line goes on; then several may come at once. */
  readonly unpack: (line: string) => string | null;
  /** What waits for a line that goes on; null when nothing does. */
  readonly finish?: () => string | null;
  /** Any line may be asked about, whichever came before. */
  readonly isLineByLine: boolean;
  /** Codes of diagnostics that say what was done to the lines; none where they are only taken out of records. */
  readonly told?: readonly string[];
}

const LINES = 200;
/** Of ten lines so many must have the shape; headings and other programs have none. */
const LEAST_OF_TEN = 8;
const MOST_FIELDS = 64;
const NEARLY = 0.5;
/** What a field holds that is worth a look: a call, a column of a name, a table. */
const TRACED = /[(=]|---|\bcalls\b/;

interface Shape {
  /** A head of whose first lines none begins so does not have it. */
  readonly begins: RegExp;
  readonly fieldsOf: (lines: readonly string[]) => FieldReader;
  /** No tracer writes such lines, but they read nearly as well as they are. */
  readonly isOfOthers?: boolean;
}

const SHAPES: readonly Shape[] = [
  { begins: /^[\s[,]*[{"]|^[^({"]{0,200}\{"/, fieldsOf: () => jsonFields },
  { begins: /^[\w.@-]+=\S*\s.*="/, fieldsOf: () => pairFields },
  { begins: /^\s*\|/, fieldsOf: barFields, isOfOthers: true },
  { begins: /^\s*<tr\b/i, fieldsOf: () => htmlFields },
  { begins: /^\s*(?:[[,]\s*|-\s+)?[bru]?'/, fieldsOf: quotedFields, isOfOthers: true },
  ...[',', ';', '\t'].map(
    (separator): Shape => ({
      begins: new RegExp(`^"|^[^(${separator}]*${separator}`),
      fieldsOf: separatedFields(separator),
    }),
  ),
];
/** Most heads are told by their beginning to have none of them. */
const GLANCE_BYTES = 4_096;
const GLANCE = 40;

/** What the lines of a head are packed in; null when they read best as they are. */
export function packingOf(head: Buffer): Packing | null {
  const first = headLines(head.subarray(0, GLANCE_BYTES));
  if (areQuotedPrintable(first)) return { unpack: quotedPrintable(), isLineByLine: false };
  const every = headLines(head);
  // What is known of descriptors stands at the beginning of some, and its lines are short.
  const isTwice = every[0] === every[1] && areTwice(every);
  if (!isTwice && areTracers(every.slice(0, GLANCE)) && areTracers(every.slice(-GLANCE))) return null;
  const lines = every.slice(0, LINES);
  if (lines.filter(isOfOtherTracer).length > lines.length / 2) return null;
  const field = fieldOf(first, lines);
  const packing = field === null ? columnsBefore(lines, every) : behindField(field, lines);
  return isTwice ? packingOfPairs(packing, lines) : packing;
}

/** The text of a field may have columns of its own, or a date that was put before it. */
function behindField(field: Packing, lines: readonly string[]): Packing {
  const texts = lines.flatMap((line) => field.unpack(line)?.split('\n') ?? []).filter((text) => text.trim() !== '');
  const behind = columnsBefore(texts.slice(0, LINES), texts);
  if (behind === null) return field;
  const unpack = (line: string): string | null => {
    const found = field.unpack(line)?.split('\n').map(behind.unpack) ?? [];
    const told = found.filter((text) => text !== null);
    return told.length === 0 ? null : told.join('\n');
  };
  return { ...behind, unpack };
}

/** Each line stands there twice: packed, or as it is. */
function packingOfPairs(packing: Packing | null, lines: readonly string[]): Packing | null {
  if (packing?.isLineByLine === false || (packing === null && recognise(headOf(lines)).format === null)) return packing;
  const only = once();
  return {
    unpack: (line) => only(packing?.unpack(line) ?? line),
    isLineByLine: false,
    told: [...(packing?.told ?? []), 'doubled-lines'],
  };
}

/** Lines that are a field of records or of tables; null where they are none, or read as well as they are. */
function fieldOf(first: readonly string[], lines: readonly string[]): Packing | null {
  const likely = SHAPES.filter(({ begins }) => first.some((line) => begins.test(line)));
  if (likely.length === 0) return null;
  const shapes: Shaped[] = likely.flatMap((shape) => {
    const reader = shape.fieldsOf(lines);
    const rows = lines.map(reader);
    const having = rows.filter((row) => row !== null).length;
    if (having * 10 < lines.length * LEAST_OF_TEN) return [];
    return [{ reader, rows, isOfOthers: shape.isOfOthers ?? false }];
  });
  if (shapes.length === 0) return null;
  const asTheyAre = readingByFormats(lines).confidence;
  let best: { readonly found: Shaped; readonly field: Field } | null = null;
  for (const found of shapes) {
    const field = bestField(found.rows);
    if (field === null || field.confidence <= asTheyAre * (found.isOfOthers ? NEARLY : 1)) continue;
    if (field.confidence > (best?.field.confidence ?? 0)) best = { found, field };
  }
  return best === null ? null : packingWith(best.found, best.field);
}

/** Lines behind columns of others, or broken by a terminal; null where they are as a tracer wrote them. */
function columnsBefore(lines: readonly string[], every: readonly string[]): Packing | null {
  const { format, columns } = bestReading(lines);
  if (format === null) return null;
  const strip = columns === null ? null : stripping(format, columns, lines);
  const bare = strip === null ? every : every.map(strip);
  // A terminal broke the lines with their columns, of which its pieces have none; bat breaks those behind its own.
  const isFirst = (line: string): boolean => {
    const text = strip?.(line) ?? line;
    return columns === null || columns === MARKS ? isTracers(text) : text !== line;
  };
  const width = widthOf(every, isFirst);
  const widthBehind = width === 0 && strip !== null ? widthOf(bare, isTracers) : 0;
  // Marks of Markdown and HTML are no columns.
  const told = columns === null || columns === MARKS ? [] : ['columns-before'];
  if (width + widthBehind === 0) return strip === null ? null : { unpack: strip, isLineByLine: true, told };
  const unwrapping = new Unwrapping(width + widthBehind);
  return {
    unpack(line) {
      const text = strip?.(line) ?? line;
      return width > 0
        ? unwrapping.add(text, line.length, isFirst(line))
        : unwrapping.add(text, text.length, isTracers(text));
    },
    finish: () => (unwrapping.isWaiting ? unwrapping.end() : null),
    isLineByLine: false,
    told: [...told, 'wrapped-lines'],
  };
}

/** Takes columns off; where the trace has no times of its own, those of the columns stand in. */
function stripping(format: TraceFormat, columns: ForeignColumns, lines: readonly string[]): (line: string) => string {
  const off =
    (of: ForeignColumns) =>
    (line: string): string =>
      without(of, line);
  const { dated } = columns;
  if (dated === undefined || isTimed(format, lines.map(off(columns)))) return off(columns);
  const stamped = lines.map(off(dated));
  const isDated = recognise(headOf(stamped)).format === format && isTimed(format, stamped);
  return off(isDated ? dated : columns);
}

/** The lines behind what stands before them. */
function stripped({ format, columns }: Reading, lines: readonly string[]): readonly string[] {
  return format === null || columns === null ? lines : lines.map(stripping(format, columns, lines));
}

function isTimed(format: TraceFormat, lines: readonly string[]): boolean {
  const parser = format.createParser(headOf(lines), {
    file: '',
    lanes: new LaneTable(),
    origin: createTimeOrigin(),
  });
  return parser.flags.timestamps !== 'none';
}

function headOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join('\n')}\n`, 'latin1');
}

interface Shaped {
  readonly reader: FieldReader;
  readonly rows: Rows;
  readonly isOfOthers: boolean;
}

/** A field, and the format of its lines. */
interface Field {
  readonly name: string;
  readonly format: TraceFormat;
  readonly confidence: number;
}

/** The lines of a head; without the last one where it is cut. */
function headLines(head: Buffer): string[] {
  const lines = head.toString('latin1').split('\n');
  if (lines.length > 20) lines.pop();
  return lines.map((line) => line.replace(/\r$/, '')).filter((line) => line.trim() !== '');
}

type Rows = readonly (Fields | null)[];

/** The field whose lines read best. */
function bestField(rows: Rows): Field | null {
  let best: Field | null = null;
  const share = rows.filter((row) => row !== null).length / rows.length;
  for (const name of namesIn(rows)) {
    if (!rows.some((row) => TRACED.test(row?.get(name) ?? ''))) continue;
    const { format, confidence: own } = readingByFormats(textsOf(rows, (row) => row.get(name) ?? ''));
    const confidence = own * share;
    if (format !== null && confidence > (best?.confidence ?? 0)) best = { name, format, confidence };
  }
  return best;
}

function packingWith({ reader, rows }: Shaped, { name, format }: Field): Packing {
  const unpack = (line: string): string => textOf(reader(line), line, name);
  const texts = textsOf(rows, (row) => row.get(name) ?? '');
  if (isTimed(format, stripped(readingByFormats(texts), texts))) return { unpack, isLineByLine: true };
  const stamping = datingFirst(namesIn(rows)).find((each) => each !== name && datesMost(rows, each));
  if (stamping === undefined) return { unpack, isLineByLine: true };
  const dated = (line: string): string => {
    const fields = reader(line);
    const text = textOf(fields, line, name);
    const stamp = stampOf(fields?.get(stamping) ?? '');
    return text === '' || stamp === '' ? text : `${stamp} ${text}`;
  };
  const stamped = textsOf(rows, (row) => `${stampOf(row.get(stamping) ?? '')} ${row.get(name) ?? ''}`);
  // What the other formats print has times of its own, or none.
  const behind = readingByFormats(stamped);
  const isDated = behind.format === format && isTimed(format, stripped(behind, stamped));
  return { unpack: isDated ? dated : unpack, isLineByLine: true };
}

/** A record that holds several lines gives them all: then numbers of lines are those of the text. */
function textOf(fields: Fields | null, line: string, name: string): string {
  return fields === null ? line : (fields.get(name) ?? '').trimEnd();
}

function datesMost(rows: Rows, name: string): boolean {
  const dated = rows.filter((row) => row !== null && stampOf(row.get(name) ?? '') !== '').length;
  return dated * 2 > rows.length;
}

function namesIn(rows: Rows): string[] {
  const names = new Set<string>();
  for (const row of rows) for (const name of row?.keys() ?? []) if (names.size < MOST_FIELDS) names.add(name);
  return [...names];
}

function textsOf(rows: Rows, text: (row: Fields) => string): string[] {
  return rows.flatMap((row) => (row === null ? [] : text(row).trimEnd().split('\n')));
}

/** Shows lines of a file that begins with this head as a format reads them; null where that is what they are. */
export function unpackedLines(head: Buffer): ((lines: readonly string[]) => readonly string[]) | null {
  const packing = packingOf(head);
  if (packing?.isLineByLine !== true) return null;
  return (lines) => lines.map((line) => decodeUtf8(packing.unpack(Buffer.from(line, 'utf8').toString('latin1')) ?? ''));
}

/** Unpacks chunks that are cut anywhere. */
export class Unpacking {
  readonly #packing: Packing;
  readonly #window = new ByteWindow('');
  readonly #cutter = new LineCutter(this.#window, () => undefined);

  constructor(packing: Packing) {
    this.#packing = packing;
  }

  /** The lines that end in this chunk. */
  push(chunk: Buffer): Buffer {
    this.#cutter.push(chunk);
    return Buffer.from(
      this.#lines()
        .map((line) => `${line}\n`)
        .join(''),
      'latin1',
    );
  }

  /** The last line, if it has no end, and what waited for more. */
  end(): Buffer {
    const lines = this.#cutter.end() ? this.#lines() : [];
    const waiting = this.#packing.finish?.() ?? null;
    return Buffer.from((waiting === null ? lines : [...lines, waiting]).join('\n'), 'latin1');
  }

  #lines(): string[] {
    const lines: string[] = [];
    while (this.#cutter.next()) {
      const { from, to } = this.#cutter;
      const text = this.#packing.unpack(this.#window.bytes.toString('latin1', from, to).replace(/\r$/, ''));
      if (text !== null) lines.push(text);
    }
    return lines;
  }
}

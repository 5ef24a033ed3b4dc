import { createTimeOrigin } from '../src/trace/time.ts';
import { decodeUtf8 } from '../src/trace/utf8.ts';
import { areTracers, bestReading, without } from './columns-before.ts';
import type { TraceFormat } from './format.ts';
import { LaneTable } from './lanes.ts';
import { barFields, htmlFields, separatedFields } from './packed/cell-fields.ts';
import type { FieldReader, Fields } from './packed/fields.ts';
import { jsonFields, pairFields } from './packed/json-fields.ts';
import { areQuotedPrintable, quotedPrintable } from './packed/quoted-printable.ts';
import { datingFirst, stampOf } from './packed/stamps.ts';
import { recognise } from './registry.ts';
import { ByteWindow } from './text/byte-window.ts';
import type { ForeignColumns } from './text/foreign-columns.ts';
import { LineCutter } from './text/line-cutter.ts';

/** Takes the lines of a trace out of what they are packed in; a line that comes in is a line that goes out. */
export interface Packing {
  /** Latin-1, a character a byte. */
  readonly unpack: (line: string) => string;
  /** Any line may be asked about, whichever came before. */
  readonly isLineByLine: boolean;
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
  ...[',', ';', '\t'].map(
    (separator): Shape => ({
      begins: new RegExp(`^"|^[^(${separator}]*${separator}`),
      fieldsOf: separatedFields(separator),
    }),
  ),
];
/** Most heads are told by their beginning to have none of them. */
const GLANCE_BYTES = 4_096;

/** What the lines of a head are packed in; null when they read best as they are. */
export function packingOf(head: Buffer): Packing | null {
  const first = headLines(head.subarray(0, GLANCE_BYTES));
  if (areQuotedPrintable(first)) return { unpack: quotedPrintable(), isLineByLine: false };
  if (areTracers(first)) return null;
  const lines = headLines(head);
  return fieldOf(head, first, lines) ?? columnsBefore(lines);
}

/** Lines that are a field of records or of tables; null where they are none, or read as well as they are. */
function fieldOf(head: Buffer, first: readonly string[], lines: readonly string[]): Packing | null {
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
  const asTheyAre = recognise(head).confidence;
  let best: { readonly found: Shaped; readonly field: Field } | null = null;
  for (const found of shapes) {
    const field = bestField(found.rows);
    if (field === null || field.confidence <= asTheyAre * (found.isOfOthers ? NEARLY : 1)) continue;
    if (field.confidence > (best?.field.confidence ?? 0)) best = { found, field };
  }
  return best === null ? null : packingWith(best.found, best.field);
}

/** Lines behind columns of others; null where nothing stands before them. */
function columnsBefore(lines: readonly string[]): Packing | null {
  const { format, columns } = bestReading(lines);
  if (format === null || columns === null) return null;
  const strip =
    (of: ForeignColumns) =>
    (line: string): string =>
      without(of, line);
  const { dated } = columns;
  const plain = lines.map(strip(columns));
  if (dated === undefined || isTimed(format, plain)) return { unpack: strip(columns), isLineByLine: true };
  const stamped = lines.map(strip(dated));
  const isDated = recognise(headOf(stamped)).format === format && isTimed(format, stamped);
  return { unpack: strip(isDated ? dated : columns), isLineByLine: true };
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
  return lines
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => line.trim() !== '')
    .slice(0, LINES);
}

type Rows = readonly (Fields | null)[];

/** The field whose lines read best. */
function bestField(rows: Rows): Field | null {
  let best: Field | null = null;
  const share = rows.filter((row) => row !== null).length / rows.length;
  for (const name of namesIn(rows)) {
    if (!rows.some((row) => TRACED.test(row?.get(name) ?? ''))) continue;
    const { format, confidence: own } = recognise(headOf(textsOf(rows, (row) => row.get(name) ?? '')));
    const confidence = own * share;
    if (format !== null && confidence > (best?.confidence ?? 0)) best = { name, format, confidence };
  }
  return best;
}

function packingWith({ reader, rows }: Shaped, { name, format }: Field): Packing {
  const unpack = (line: string): string => textOf(reader(line), line, name);
  if (
    isTimed(
      format,
      textsOf(rows, (row) => row.get(name) ?? ''),
    )
  )
    return { unpack, isLineByLine: true };
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
  const isDated = recognise(headOf(stamped)).format === format && isTimed(format, stamped);
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
  return rows.flatMap((row) => (row === null ? [] : [text(row).trimEnd()]));
}

/** Shows lines of a file that begins with this head as a format reads them; null where that is what they are. */
export function unpackedLines(head: Buffer): ((lines: readonly string[]) => readonly string[]) | null {
  const packing = packingOf(head);
  if (packing?.isLineByLine !== true) return null;
  return (lines) => lines.map((line) => decodeUtf8(packing.unpack(Buffer.from(line, 'utf8').toString('latin1'))));
}

/** Unpacks chunks that are cut anywhere. */
export class Unpacking {
  readonly #unpack: Packing['unpack'];
  readonly #window = new ByteWindow('');
  readonly #cutter = new LineCutter(this.#window, () => undefined);

  constructor({ unpack }: Packing) {
    this.#unpack = unpack;
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

  /** The last line, if it has no end. */
  end(): Buffer {
    return this.#cutter.end() ? Buffer.from(this.#lines().join('\n'), 'latin1') : Buffer.alloc(0);
  }

  #lines(): string[] {
    const lines: string[] = [];
    while (this.#cutter.next()) {
      const { from, to } = this.#cutter;
      lines.push(this.#unpack(this.#window.bytes.toString('latin1', from, to).replace(/\r$/, '')));
    }
    return lines;
  }
}

import { type FieldReader, type Fields, NO_FIELDS } from './fields.ts';

/** One record on a line: alone, in an array, or behind the columns of a collector. */
const RECORD = /^(?<before>[^{("]{0,200}?)(?<record>\{.*\})[\s,\]]*$/;
/** One line of an array of strings. */
const STRING = /^[\s[,]*(?<string>"(?:[^"\\]|\\.)*")[\s,\]]*$/;
/** A field of a record that stands on several lines. */
const FIELD = /^\s*"(?<name>(?:[^"\\]|\\.){1,100})"\s*:\s*(?<string>"(?:[^"\\]|\\.)*")?[^"]*$/;
const FRAME = /^[\s[\]{},]*$/;
/** `level=info msg="close(3) = 0"`, as Go and Grafana log. */
const PAIRS = /^[\w.@-]{1,64}=(?:"(?:[^"\\]|\\.)*"|[^\s"]*)(?:\s+[\w.@-]{1,64}=(?:"(?:[^"\\]|\\.)*"|[^\s"]*))+\s*$/;
const PAIR = /([\w.@-]{1,64})=("(?:[^"\\]|\\.)*"|[^\s"]*)/g;

const MOST_FIELDS = 64;
const DEEPEST = 6;

/** A field on one line, or words of a log with names before them. */
export const jsonFields: FieldReader = (line) => {
  const { before = '', record } = RECORD.exec(line)?.groups ?? {};
  if (record !== undefined) {
    const value = parse(record);
    if (typeof value !== 'object') return null;
    const fields = new Map<string, string>();
    const stamp = /^\S+(?: \d\d:\d\d:\S+)?/.exec(before)?.[0];
    if (stamp !== undefined) fields.set('before', stamp);
    flatten(value, '', fields, 0);
    return fields;
  }
  if (FRAME.test(line)) return NO_FIELDS;
  const string = STRING.exec(line)?.groups?.['string'];
  if (string !== undefined) return textFields('', string);
  const field = FIELD.exec(line)?.groups;
  return field === undefined ? null : textFields(field['name'] ?? '', field['string'] ?? '""');
};

/** `level=info msg="close(3) = 0"`. */
export const pairFields: FieldReader = (line) => {
  if (!PAIRS.test(line)) return null;
  const fields = new Map<string, string>();
  for (const [, name = '', value = ''] of line.matchAll(PAIR))
    fields.set(name, value.startsWith('"') ? (textOf(value) ?? value) : value);
  return fields;
};

function textFields(name: string, string: string): Fields | null {
  const text = textOf(string);
  return text === null ? null : new Map([[name, text]]);
}

function textOf(string: string): string | null {
  const value = parse(string);
  return typeof value === 'string' ? inBytes(value) : null;
}

/**
 * All strings and numbers of a record, by their way into it. What is in an array is one field of several lines, since a
 * document may hold all records.
 */
function flatten(value: unknown, name: string, fields: Map<string, string>, depth: number): void {
  if (fields.size >= MOST_FIELDS || depth > DEEPEST) return;
  const set = (text: string): void => {
    const before = fields.get(name);
    fields.set(name, before === undefined ? text : `${before}\n${text}`);
  };
  if (typeof value === 'number') set(String(value));
  else if (typeof value === 'string') {
    // A program that logs records itself, in a container.
    const inner = value.startsWith('{') && value.trimEnd().endsWith('}') ? parse(inBytes(value)) : null;
    if (inner !== null && typeof inner === 'object') flatten(inner, `${name}>`, fields, depth + 1);
    else set(inBytes(value));
  } else if (isBytes(value)) set(Buffer.from(value).toString('latin1'));
  else if (Array.isArray(value)) for (const inner of value) flatten(inner, `${name}[]`, fields, depth + 1);
  else if (typeof value === 'object' && value !== null)
    for (const [key, inner] of Object.entries(value))
      flatten(inner, name === '' ? key : `${name}.${key}`, fields, depth + 1);
}

/** The journal writes text with control characters as numbers. */
function isBytes(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => Number.isInteger(each) && (each as number) >= 0 && (each as number) < 256)
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'latin1').toString('utf8'));
  } catch {
    // A program printed brackets.
    return null;
  }
}

function inBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** One line of `bpftrace -f json`. */
export interface JsonRecord {
  readonly type: string;
  readonly data: unknown;
  /** `count` beside `data`, where newer versions put numbers. */
  readonly count: number;
}

/**
 * Reads a line of JSON; null for anything that is no record. bpftrace up to 0.21 writes some values without quotes:
 * such lines are no JSON.
 */
export function readJson(line: string): JsonRecord | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isObject(value) || typeof value.type !== 'string') return null;
  return { type: value.type, data: value.data, count: typeof value.count === 'number' ? value.count : Number.NaN };
}

/** What a record prints: the text of `printf`, a tuple of `print((a, b))` as a line; '' for anything else. */
export function printedText({ type, data }: JsonRecord): string {
  if (type === 'printf' && typeof data === 'string') return withoutSignedBytes(data);
  return type === 'value' && Array.isArray(data) ? `${data.map(String).join(' ')}\n` : '';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `events` of `lost_events`, wherever the version puts it; 0 when it tells none. */
export function lostEvents({ data, count }: JsonRecord): number {
  const events = isObject(data) ? Number(data.events) : Number.NaN;
  const lost = Number.isNaN(events) ? count : events;
  return Number.isSafeInteger(lost) && lost > 0 ? lost : 0;
}

/**
 * Up to the current version a byte of 0x80 and more is written as `\\uffffffc3`, which JSON reads as U+FFFF and `ffc3`.
 * Gives `\\xc3` instead.
 */
function withoutSignedBytes(text: string): string {
  return text.includes('\uffff') ? text.replace(/\uffffff([0-9a-f]{2})/g, '\\x$1') : text;
}

/** The entries of `{"@name": {"key,key": 5}}` or `{"@name": 5}`. Keys are joined by commas. */
export function* mapEntries(
  data: unknown,
): Generator<{ readonly map: string; readonly key: string; readonly value: unknown }> {
  if (!isObject(data)) return;
  for (const [map, content] of Object.entries(data)) {
    if (!isObject(content)) yield { map, key: '', value: content };
    else for (const [key, value] of Object.entries(content)) yield { map, key, value };
  }
}

/** Names under which collectors keep the line: Docker's files, `journalctl -o json`, programs that log JSON. */
const TEXTS = ['log', 'MESSAGE', 'message', 'msg'] as const;

/** A line of a trace that a collector packed into JSON. */
export interface PackedLine {
  readonly text: string;
  /** Date, time and zone in the manner of RFC 3339, or ''. */
  readonly date: string;
}

/** Unpacks a line that is one JSON object; null when it is none, or holds no line. */
export function unpackJson(line: string): PackedLine | null {
  if (!line.startsWith('{') || !line.trimEnd().endsWith('}')) return null;
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    // Text of strace begins with a bracket where a program printed one.
    return null;
  }
  const fields = record as Readonly<Record<string, unknown>>;
  const text = TEXTS.map((name) => fields[name]).find((value) => typeof value === 'string');
  if (text === undefined) return null;
  const { time, __REALTIME_TIMESTAMP: micros } = fields;
  return { text: text.trimEnd(), date: typeof time === 'string' ? time : dateOf(micros) };
}

/** Microseconds since 1970, as the journal counts them. */
function dateOf(micros: unknown): string {
  if (typeof micros !== 'string' || !/^\d{16}$/.test(micros)) return '';
  const second = new Date(Number(micros.slice(0, -6)) * 1_000).toISOString().slice(0, 19);
  return `${second}.${micros.slice(-6)}Z`;
}

/** What one `key=value` line says. Keys that are missing are '' or NaN. */
export interface LineFields {
  /** `signal`, `exit`…; '' on the lines of calls. */
  event: string;
  /**
   * Nanoseconds of the tracer's clock: the entry where the line tells how long the call took, else the moment of the
   * line.
   */
  time: number;
  /** Nanoseconds. */
  duration: number;
  pid: number;
  tid: number;
  comm: string;
  /** The name of the call, or its number. */
  call: string;
  number: number;
  /** As printed: a number, or the name of an error. */
  result: string;
  error: string;
  fd: number;
  peer: string;
  /** Four numbers, hexadecimal, as `calls.bt` prints them. */
  raw: string;
  /** Five numbers: what the scheduler did, as `exact.bt` prints it. */
  sched: string;
  /** Arguments in words. */
  args: string;
  /** Bytes, `\xNN` for what cannot be printed. */
  data: string;
  hasData: boolean;
  /** Any further keys. */
  others: ReadonlyMap<string, string>;
}

const NO_OTHERS: ReadonlyMap<string, string> = new Map();

/** Values of these keys go on to the end of the line: they may hold blanks. */
const TO_THE_END: ReadonlySet<string> = new Set(['data', 'args']);
const KEY = /^[A-Za-z_][\w.]{0,30}$/;

/** Reads `ts=1 pid=2 call=accept4 ret=-11 …`; null when a word is no `key=value`. Never throws. */
export function readFields(line: string): LineFields | null {
  const fields: LineFields = {
    event: '',
    time: Number.NaN,
    duration: Number.NaN,
    pid: Number.NaN,
    tid: Number.NaN,
    comm: '',
    call: '',
    number: Number.NaN,
    result: '',
    error: '',
    fd: Number.NaN,
    peer: '',
    raw: '',
    sched: '',
    args: '',
    data: '',
    hasData: false,
    others: NO_OTHERS,
  };
  let at = 0;
  while (at < line.length) {
    if (line.charCodeAt(at) === 0x20) {
      at++;
      continue;
    }
    const equals = line.indexOf('=', at);
    if (equals < 0) return null;
    const key = line.slice(at, equals);
    if (!KEY.test(key)) return null;
    let end: number;
    let value: string;
    if (TO_THE_END.has(key)) {
      end = line.length;
      value = line.slice(equals + 1);
    } else if (line.charCodeAt(equals + 1) === 0x22) {
      const close = line.indexOf('"', equals + 2);
      if (close < 0) return null;
      end = close + 1;
      value = line.slice(equals + 2, close);
    } else {
      const blank = line.indexOf(' ', equals);
      end = blank < 0 ? line.length : blank;
      value = line.slice(equals + 1, end);
    }
    take(fields, key, value);
    at = end;
  }
  return fields;
}

function take(fields: LineFields, key: string, value: string): void {
  switch (key) {
    case 'ts':
    case 'ts_ns':
    case 'nsecs':
      fields.time = whole(value);
      return;
    case 'dur':
    case 'dur_ns':
    case 'lat_ns':
      fields.duration = whole(value);
      return;
    case 'pid':
      fields.pid = whole(value);
      return;
    case 'tid':
      fields.tid = whole(value);
      return;
    case 'nr':
    case 'id':
      fields.number = integer(value);
      return;
    case 'ret':
    case 'result':
      fields.result = value;
      return;
    case 'a':
      fields.raw = value;
      return;
    case 'sched':
      fields.sched = value;
      return;
    case 'data':
      fields.data = value;
      fields.hasData = true;
      return;
    case 'event':
      fields.event = value;
      return;
    case 'call':
    case 'syscall':
      if (/^-?\d+$/.test(value)) fields.number = integer(value);
      else fields.call = value.replace(/^sys_(?:enter_|exit_)?/, '');
      return;
    case 'fd':
      fields.fd = integer(value);
      return;
    case 'errno':
    case 'error':
      fields.error = value;
      return;
    case 'comm':
      fields.comm = value;
      return;
    case 'peer':
    case 'addr':
      fields.peer = value;
      return;
    case 'args':
      fields.args = value;
      return;
    default:
      scaled(fields, key, value);
  }
}

const UNITS: Readonly<Record<string, number>> = { us: 1e3, ms: 1e6, s: 1e9 };

/** `ts_us=`, `dur_ms=`, `lat_us=`: other units than nanoseconds. */
function scaled(fields: LineFields, key: string, value: string): void {
  const [, name, unit = ''] = /^(ts|time|dur|lat)_(us|ms|s)$/.exec(key) ?? [];
  const number = /^\d+(?:\.\d+)?$/.test(value) ? Number(value) * (UNITS[unit] ?? Number.NaN) : Number.NaN;
  if (name === 'ts' || name === 'time') fields.time = number;
  else if (name === 'dur' || name === 'lat') fields.duration = number;
  else fields.others = new Map([...fields.others, [key, value]]);
}

function whole(value: string): number {
  return /^\d{1,20}$/.test(value) ? Number(value) : Number.NaN;
}

function integer(value: string): number {
  return /^-?\d{1,20}$/.test(value) ? Number(value) : Number.NaN;
}

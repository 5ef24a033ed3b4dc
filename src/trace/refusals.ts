/**
 * Recognises how servers turn a client away at the beginning of its connection, and answers that say that the server
 * had no room or no time for what was asked. Strings hold one byte a character.
 */

/** A server said in its own protocol that it does not serve this client, or what it asks now. */
export interface Refusal {
  readonly protocol: 'PostgreSQL' | 'MySQL' | 'Redis' | 'memcached' | 'nginx' | 'HTTP';
  /** What was turned away. */
  readonly what: 'client' | 'request' | 'statement' | 'command';
  /**
   * `slots`: as many clients as its limit allows are connected; `user`: one account has all that it may have;
   * `unavailable`: it has no room for this request, or nobody behind it has; `behind`: whom it asked did not answer;
   * `failed`: the application itself failed;
   * `snapshot`: Redis cannot save; `busy`: a script runs; `time`: canceled, as a limit of time does; `lock`: a lock was
   * not let go in time.
   */
  readonly reason:
    | 'slots'
    | 'user'
    | 'host'
    | 'thread'
    | 'state'
    | 'unavailable'
    | 'behind'
    | 'failed'
    | 'rate'
    | 'memory'
    | 'disk'
    | 'loading'
    | 'snapshot'
    | 'busy'
    | 'cluster'
    | 'time'
    | 'lock'
    | 'deadlock';
  /** `SQLSTATE 53300`; '' where the protocol has no numbers. */
  readonly code: string;
}

type Reason = Refusal['reason'];

/** A refusal is a message, and at most what ends the login before it. */
const LONGEST = 512;
/** ErrorResponse, in front of which an answer to the login may stand: severity, severity again from 9.6 on, code. */
const POSTGRES =
  /^(?:R\0\0\0.\0\0\0\0[^]*?)?E\0[\0-\x03]..S[^\0]{1,40}\0(?:V(?:FATAL|PANIC|ERROR)\0)?C([0-9A-Z]{5})\0/s;
const POSTGRES_REASONS: Readonly<Record<string, Reason>> = { '53300': 'slots', '57P03': 'state' };
/** By number of the error. */
const MYSQL_REASONS: Readonly<Record<number, Reason>> = {
  1040: 'slots',
  1129: 'host',
  1135: 'thread',
  1203: 'user',
  1226: 'user',
};
const MYSQL_HEADER = 4;
const ERROR_PACKET = 0xff;
const REDIS = '-ERR max number of clients';
const MEMCACHED = 'ERROR Too many open connections';

/** What these first bytes to a client, of `size` that were written, refuse it for; null where they do not. */
export function refusalIn(bytes: string, size: number): Refusal | null {
  if (size > LONGEST) return null;
  switch (bytes.charAt(0)) {
    case 'E':
      return bytes.startsWith(MEMCACHED)
        ? { protocol: 'memcached', what: 'client', reason: 'slots', code: '' }
        : ofPostgres(bytes);
    case 'R':
      return ofPostgres(bytes);
    case '-':
      return bytes.startsWith(REDIS) ? { protocol: 'Redis', what: 'client', reason: 'slots', code: '' } : null;
    default:
      return ofMySql(bytes, size);
  }
}

function ofPostgres(bytes: string): Refusal | null {
  const state = POSTGRES.exec(bytes)?.[1] ?? '';
  const reason = POSTGRES_REASONS[state];
  return reason === undefined ? null : { protocol: 'PostgreSQL', what: 'client', reason, code: `SQLSTATE ${state}` };
}

function ofMySql(bytes: string, size: number): Refusal | null {
  const error = mySqlError(bytes, size);
  const reason = MYSQL_REASONS[error];
  return reason === undefined ? null : { protocol: 'MySQL', what: 'client', reason, code: `error ${error}` };
}

/** Length, number of the packet, mark of an error, number of the error; NaN for no error. */
function mySqlError(bytes: string, size: number): number {
  const length = bytes.charCodeAt(0) | (bytes.charCodeAt(1) << 8) | (bytes.charCodeAt(2) << 16);
  if (length + MYSQL_HEADER !== size || bytes.charCodeAt(4) !== ERROR_PACKET) return Number.NaN;
  return bytes.charCodeAt(5) | (bytes.charCodeAt(6) << 8);
}

const NGINX = /^\d{4}\/\d\d\/\d\d [\d:]{8} \[alert\] \d+#\d+: (?:\*\d+ )?\d+ worker_connections are not enough/;

/** The same for a line that a server writes to its log, as nginx does, which closes the connection without a word. */
export function refusalInLog(bytes: string): Refusal | null {
  return NGINX.test(bytes) ? NGINX_HAS_NO_ROOM : null;
}

/** What nginx says then; see `isAlertCutOff`. */
export const NGINX_HAS_NO_ROOM: Refusal = { protocol: 'nginx', what: 'client', reason: 'slots', code: '' };
const ALERT = /^\d{4}\/\d\d\/\d\d [\d:]{8} \[alert\] [\d#: ]*$/;

/** Such a line may be this one: the tracer shows its date and level alone, as strace does with its 32 bytes. */
export function isAlertCutOff(bytes: string, size: number): boolean {
  return bytes.length < size && ALERT.test(bytes);
}

/** So many bytes of a reply tell its status. */
export const STATUS_BYTES = 12;
const STATUS_REASONS: Readonly<Record<string, Reason>> = {
  '429': 'rate',
  '500': 'failed',
  '502': 'behind',
  '503': 'unavailable',
  '504': 'behind',
};

/** The same for the first bytes of a reply of HTTP/1. */
export function refusalInReply(bytes: string): Refusal | null {
  if (!bytes.startsWith('HTTP/1.') || bytes.length < STATUS_BYTES) return null;
  const status = bytes.slice(STATUS_BYTES - 3, STATUS_BYTES);
  const reason = STATUS_REASONS[status];
  return reason === undefined ? null : { protocol: 'HTTP', what: 'request', reason, code: `status ${status}` };
}

/**
 * Whether the trace shows so little (`-s 8`) of an answer of `size` bytes that it may refuse without anybody seeing: an
 * error of PostgreSQL without its code, a reply of HTTP/1 without its status, half a word of Redis or memcached.
 */
export function mayHideRefusal(bytes: string, size: number): boolean {
  if (bytes.length >= size) return false;
  if (bytes.startsWith('HTTP')) return bytes.length < STATUS_BYTES;
  if (/^E(?:$|\0)/.test(bytes)) return !POSTGRES_ERROR.test(bytes);
  return bytes.length < STATUS_BYTES && /^(?:-|S(?:$|E)|H(?:$|T))/.test(bytes);
}

const REDIS_REASONS: Readonly<Record<string, Reason>> = {
  OOM: 'memory',
  LOADING: 'loading',
  MISCONF: 'snapshot',
  BUSY: 'busy',
  CLUSTERDOWN: 'cluster',
  MASTERDOWN: 'cluster',
  NOREPLICAS: 'cluster',
};
const MEMCACHED_MEMORY = 'SERVER_ERROR';

/** The same for the first bytes (`STATUS_BYTES`) of the answer to a command of Redis or memcached. */
export function refusalOfCommand(bytes: string): Refusal | null {
  if (bytes.startsWith('-')) {
    const [word = ''] = bytes.slice(1).split(' ', 1);
    const reason = REDIS_REASONS[word];
    return reason === undefined ? null : { protocol: 'Redis', what: 'command', reason, code: `-${word}` };
  }
  return bytes === MEMCACHED_MEMORY
    ? { protocol: 'memcached', what: 'command', reason: 'memory', code: MEMCACHED_MEMORY }
    : null;
}

/** An ErrorResponse anywhere in an answer: what was asked before it in one go may have succeeded. */
const POSTGRES_ERROR = /E\0[\0-\x03]..S[^\0]{1,40}\0(?:V(?:FATAL|PANIC|ERROR)\0)?C([0-9A-Z]{5})\0/s;
const POSTGRES_STATEMENTS: Readonly<Record<string, Reason>> = {
  '40P01': 'deadlock',
  '53100': 'disk',
  '53200': 'memory',
  '55P03': 'lock',
  '57014': 'time',
  '57P01': 'state',
};
const MYSQL_STATEMENTS: Readonly<Record<number, Reason>> = {
  1021: 'disk',
  1041: 'memory',
  1205: 'lock',
  1213: 'deadlock',
  1969: 'time',
  3024: 'time',
};

/** The same for an answer of PostgreSQL to a statement, of which these are the first bytes. */
export function refusalOfPostgres(bytes: string): Refusal | null {
  const state = POSTGRES_ERROR.exec(bytes)?.[1] ?? '';
  const reason = POSTGRES_STATEMENTS[state];
  return reason === undefined ? null : { protocol: 'PostgreSQL', what: 'statement', reason, code: `SQLSTATE ${state}` };
}

/** The same for MySQL; `size` bytes were written. */
export function refusalOfMySql(bytes: string, size: number): Refusal | null {
  const error = mySqlError(bytes, size);
  const reason = MYSQL_STATEMENTS[error];
  return reason === undefined ? null : { protocol: 'MySQL', what: 'statement', reason, code: `error ${error}` };
}

/** Recognises how servers turn a client away at the beginning of its connection. Strings hold one byte a character. */

/** A server said in its own protocol that it does not serve this client. */
export interface Refusal {
  readonly protocol: 'PostgreSQL' | 'MySQL' | 'Redis' | 'memcached' | 'nginx' | 'HTTP';
  /**
   * `slots`: as many clients as its limit allows are connected; `user`: one account has all that it may have;
   * `unavailable`: it has no room for this request, or nobody behind it has.
   */
  readonly reason: 'slots' | 'user' | 'host' | 'thread' | 'state' | 'unavailable';
  /** `SQLSTATE 53300`; '' where the protocol has no numbers. */
  readonly code: string;
}

/** A refusal is a message, and at most what ends the login before it. */
const LONGEST = 512;
/** ErrorResponse, in front of which an answer to the login may stand: severity, severity again from 9.6 on, code. */
const POSTGRES =
  /^(?:R\0\0\0.\0\0\0\0[^]*?)?E\0[\0-\x03]..S[^\0]{1,40}\0(?:V(?:FATAL|PANIC|ERROR)\0)?C([0-9A-Z]{5})\0/s;
const POSTGRES_REASONS: Readonly<Record<string, Refusal['reason']>> = { '53300': 'slots', '57P03': 'state' };
/** By number of the error. */
const MYSQL_REASONS: Readonly<Record<number, Refusal['reason']>> = {
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
      return bytes.startsWith(MEMCACHED) ? { protocol: 'memcached', reason: 'slots', code: '' } : ofPostgres(bytes);
    case 'R':
      return ofPostgres(bytes);
    case '-':
      return bytes.startsWith(REDIS) ? { protocol: 'Redis', reason: 'slots', code: '' } : null;
    default:
      return ofMySql(bytes, size);
  }
}

function ofPostgres(bytes: string): Refusal | null {
  const state = POSTGRES.exec(bytes)?.[1] ?? '';
  const reason = POSTGRES_REASONS[state];
  return reason === undefined ? null : { protocol: 'PostgreSQL', reason, code: `SQLSTATE ${state}` };
}

/** Length, number of the packet, mark of an error, number of the error. */
function ofMySql(bytes: string, size: number): Refusal | null {
  const length = bytes.charCodeAt(0) | (bytes.charCodeAt(1) << 8) | (bytes.charCodeAt(2) << 16);
  if (length + MYSQL_HEADER !== size || bytes.charCodeAt(4) !== ERROR_PACKET) return null;
  const error = bytes.charCodeAt(5) | (bytes.charCodeAt(6) << 8);
  const reason = MYSQL_REASONS[error];
  return reason === undefined ? null : { protocol: 'MySQL', reason, code: `error ${error}` };
}

const NGINX = /^\d{4}\/\d\d\/\d\d [\d:]{8} \[alert\] \d+#\d+: (?:\*\d+ )?\d+ worker_connections are not enough/;

/** The same for a line that a server writes to its log, as nginx does, which closes the connection without a word. */
export function refusalInLog(bytes: string): Refusal | null {
  return NGINX.test(bytes) ? { protocol: 'nginx', reason: 'slots', code: '' } : null;
}

/** So many bytes of a reply tell its status. */
export const STATUS_BYTES = 12;
const UNAVAILABLE: Refusal = { protocol: 'HTTP', reason: 'unavailable', code: 'status 503' };

/** The same for the first bytes of a reply of HTTP/1. */
export function refusalInReply(bytes: string): Refusal | null {
  return bytes.startsWith('HTTP/1.') && bytes.endsWith(' 503') ? UNAVAILABLE : null;
}

import { type Dialect, maskedSql } from './sql-text.ts';
import { textOfBytes } from './utf8.ts';

/** Recognises what the first bytes of a buffer are: requests, replies, queries. Strings hold one byte a character. */

/** Strings of bytes: `\s` would also match the byte 0xa0, which is a part of many characters. */
const HTTP_REQUEST = /^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE) ([^ \t-\r]+)(?: HTTP\/\d|$)/;
/** A PROXY protocol line may stand in front of a request (HAProxy, load balancers). */
const PROXY_LINE = /^PROXY (?:TCP4|TCP6|UNKNOWN)[^\r\n]*\r\n/;

export interface RequestStart {
  /** Method and path without the query, decoded: `GET /a`, `GET /café`, `GET /caf\xe9` where the bytes are no UTF-8. */
  readonly line: string;
  /** Method, path and query, for telling whether two requests are the same; never shown. */
  readonly identity: string;
  /** The head ends inside the traced bytes, or the method has no body as a rule. */
  readonly complete: boolean;
}

/**
 * The request that starts with these bytes, of `size` that were read: HTTP/1, FastCGI, uwsgi; null for anything else
 * (TLS, HTTP/2, bodies).
 */
export function requestStart(bytes: string, size = bytes.length): RequestStart | null {
  const first = bytes.charCodeAt(0);
  if (first >= 0x41 && first <= 0x5a)
    return httpRequest(bytes.startsWith('PROXY ') ? bytes.replace(PROXY_LINE, '') : bytes, size);
  if (first === 1 && bytes.charCodeAt(1) === 1) return gatewayRequest(bytes, size);
  // Parameters of FastCGI may be read without the header in front of them.
  return bytes.includes('REQUEST_METHOD') ? gatewayRequest(bytes, size) : null;
}

function httpRequest(bytes: string, size: number): RequestStart | null {
  const match = HTTP_REQUEST.exec(bytes);
  if (match === null) return null;
  const [whole, method = '', target = ''] = match;
  // Cut there (`-s 8`), two paths look the same.
  const isCut = whole.length >= bytes.length && bytes.length < size && !/ HTTP\/\d/.test(whole);
  const query = target.search(/[?#]/);
  const bodiless = method === 'GET' || method === 'HEAD' || method === 'DELETE' || method === 'OPTIONS';
  return {
    line: `${method} ${textOfBytes(query < 0 ? target : target.slice(0, query))}`,
    identity: isCut ? '' : `${method} ${target}`,
    complete: bodiless || hasWholeBody(bytes, size),
  };
}

/** Whether a message of `size` bytes that begins like this holds all of its body, as far as the traced bytes tell. */
function hasWholeBody(bytes: string, size: number): boolean {
  const head = bytes.indexOf('\r\n\r\n');
  const length = /\r\nContent-Length: *(\d+)\r/i.exec(bytes)?.[1];
  if (length === undefined) return false;
  return Number(length) === 0 || (head >= 0 && size >= head + 4 + Number(length));
}

/** FastCGI params and uwsgi vars hold names and values in plain text; lengths stand in front of each. */
function gatewayRequest(bytes: string, size: number): RequestStart | null {
  const method = /REQUEST_METHOD(?:..)?(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)/s.exec(bytes)?.[1];
  const target = /REQUEST_URI(?:..)?(\/[\x21-\x7e\x80-\xff]*?)(?=[\x00-\x20]|[\x0b-\x1f]|$)/s.exec(bytes)?.[1];
  if (method === undefined || target === undefined) return null;
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  // Cut there, two paths look the same.
  const isCut = bytes.endsWith(target) && bytes.length < size;
  return { line: `${method} ${textOfBytes(path)}`, identity: isCut ? '' : `${method} ${target}`, complete: true };
}

/** How a question to a database begins. */
const STATEMENT = new RegExp(
  '^(?:SELECT|INSERT|UPDATE|DELETE|MERGE|REPLACE|WITH|VALUES|CALL|DO|EXECUTE|FETCH|COPY|LOAD|LOCK|ALTER|CREATE|DROP|' +
    'TRUNCATE|BEGIN|START|COMMIT|END|ROLLBACK|VACUUM|ANALYZE|REINDEX|REFRESH|CLUSTER|CHECKPOINT|OPTIMIZE|EXPLAIN|' +
    'SHOW|SET|UNLOCK|ABORT|SAVEPOINT|RELEASE|RENAME|FLUSH|XA)\\b',
  'i',
);

/**
 * The request that a statement is, by its text with values masked; null for what asks a database for nothing. That it
 * comes again is no retry: it has no identity.
 */
export function sqlRequest(text: string, dialect: Dialect): RequestStart | null {
  return requestOfSql(maskedSql(text, dialect));
}

export function requestOfSql(masked: string): RequestStart | null {
  return STATEMENT.test(masked) ? { line: masked, identity: '', complete: true } : null;
}

export interface Query {
  /** The protocol that the bytes speak: a fact, other than a port. */
  readonly protocol: 'MySQL' | 'PostgreSQL' | 'Redis' | 'HTTP' | 'FastCGI' | 'DNS';
  /** SQL with literals masked, a Redis command, a request line, a name. */
  readonly text: string;
}

/** What is asked of another service by these bytes, without values; null when they are no known question. */
export function queryOf(bytes: string): Query | null {
  const first = bytes.charCodeAt(0);
  const fifth = bytes.charCodeAt(4);
  // MySQL: three bytes length, sequence 0, command 3 (COM_QUERY) or 22 (prepare). A PostgreSQL message of 22 bytes
  // looks alike and ends in NUL.
  const isPostgres = (first === 0x51 || first === 0x50) && bytes.charCodeAt(1) === 0 && bytes.includes('\0', 5);
  if (!isPostgres && bytes.length > 5 && bytes.charCodeAt(3) === 0 && (fifth === 3 || fifth === 22))
    return { protocol: 'MySQL', text: maskedSql(bytes.slice(5), 'MySQL') };
  // PostgreSQL: 'Q', a four-byte length and the text (simple query); 'P', the length, a statement name and the text
  // (parse).
  if (first === 0x51 && bytes.charCodeAt(1) === 0)
    return { protocol: 'PostgreSQL', text: maskedSql(bytes.slice(5), 'PostgreSQL') };
  if (first === 0x50 && bytes.charCodeAt(1) === 0)
    return { protocol: 'PostgreSQL', text: maskedSql(bytes.slice(5).replace(/^[^\0]*\0/, ''), 'PostgreSQL') };
  // Redis: an array of bulk strings; the command is the first.
  const redis = /^\*\d+\r\n\$\d+\r\n([A-Za-z]{1,20})\r\n/.exec(bytes)?.[1];
  if (redis !== undefined) return { protocol: 'Redis', text: redis.toUpperCase() };
  const request = requestStart(bytes);
  if (request === null) return null;
  // FastCGI: version 1, then the kind of record: the beginning of a request, or its values.
  const isFastCgi = first === 1 && (bytes.charCodeAt(1) === 1 || bytes.charCodeAt(1) === 4);
  return { protocol: isFastCgi ? 'FastCGI' : 'HTTP', text: request.line };
}

/** Commands of Redis that wait for work, or for what comes by itself. */
const WAITS_FOR_WORK =
  /^(?:B[LRZ]POP|BLMOVE|BRPOPLPUSH|BLMPOP|BZMPOP|BZPOPM(?:IN|AX)|XREAD|XREADGROUP|[PS]?SUBSCRIBE|MONITOR|PSYNC)/;

/** Whether who asks this waits for work: no service is slow that has none. */
export function waitsForWork(question: string): boolean {
  return WAITS_FOR_WORK.test(question);
}

/** Commands of Redis that wait for the next job of a queue: an answer of Redis never looks like one. */
const TAKES_A_JOB = /^(?:BLPOP|BRPOP|BRPOPLPUSH|BLMOVE|BLMPOP|BZPOPMIN|BZPOPMAX|XREADGROUP)$/;

/** Whether these bytes ask a broker for the next job: whoever sends them is its client. */
export function asksForJob(bytes: string): boolean {
  const query = bytes.startsWith('*') ? queryOf(bytes) : null;
  return query?.protocol === 'Redis' && TAKES_A_JOB.test(query.text);
}

const CONVENTIONS: ReadonlyMap<number, string> = new Map([
  [3306, 'MySQL'],
  [5432, 'PostgreSQL'],
  [6379, 'Redis'],
  [9092, 'Kafka'],
  [9093, 'Kafka'],
  [9094, 'Kafka'],
  [19092, 'Kafka'],
  [27017, 'MongoDB'],
  [11211, 'memcached'],
  [5672, 'AMQP'],
  [5671, 'AMQP'],
  [9200, 'Elasticsearch'],
  [4730, 'Gearman'],
  [2181, 'ZooKeeper'],
  [53, 'DNS'],
  [123, 'NTP'],
  [389, 'LDAP'],
  [636, 'LDAP'],
  [25, 'SMTP'],
  [587, 'SMTP'],
  [1433, 'SQL Server'],
  [1521, 'Oracle'],
  [8125, 'statsd'],
  [80, 'HTTP'],
  [443, 'HTTPS'],
]);

/** What usually listens on the port; '' when there is no custom. Ports carry no proof: say "by convention". */
export function protocolOfPort(port: number): string {
  return CONVENTIONS.get(port) ?? '';
}

/** The port of `10.0.0.7:443` or `[::1]:443`; NaN when there is none. */
export function portOf(address: string): number {
  const match = /:(\d+)$/.exec(address);
  return match === null ? Number.NaN : Number(match[1]);
}

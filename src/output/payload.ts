/**
 * What may be said of payload without showing it: the method and path of an HTTP request, the status of a response, the verb of an SQL
 * statement. Everything else is only counted.
 */
/** What drover itself calls a request whose line is not in the capture. */
const CONNECTION = /^connection (?:on fd \d+|from [\w.:[\]/-]+)$/;
const PLACEHOLDER = /^<[\d,]+ bytes?>$/;
// A path ends before ";" too, which often introduces a session id.
const REQUEST =
  /\b(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|PROPFIND|REPORT|PURGE) ((?:https?:\/\/|\/|\*)[\w\-.~!$&'()*+,=:@%/\\\x80-\uffff]*)|\bCONNECT [\w.-]+:\d+/;
const STATUS = /^HTTP\/\d(?:\.\d)? \d{3}(?!\d)/;
// MySQL: 3 bytes length, sequence, command 3 (query) or 22 (prepare). PostgreSQL: Q or P, 4 bytes length, for P the statement's name.
const PROTOCOL_HEAD = /^(?:[^]{3}[\0-\x05][\x03\x16]|Q\0[^]{3}|P\0[^]{3}[^\0]{0,64}\0)/;
const VERB =
  /^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|MERGE|CALL|WITH|BEGIN|COMMIT|ROLLBACK|SET|SHOW|CREATE|ALTER|DROP|TRUNCATE|LOCK|EXPLAIN)\b/i;

/** The part of payload bytes (one character a byte) that may be shown, or null when none may. */
export function nameOfPayload(bytes: string): string | null {
  if (PLACEHOLDER.test(bytes)) return bytes;
  const request = REQUEST.exec(bytes);
  if (request?.index === 0) return withoutUser(request[0]);
  const status = STATUS.exec(bytes);
  if (status !== null) return status[0];
  const verb = VERB.exec(bytes.replace(PROTOCOL_HEAD, ''));
  return verb === null ? null : (verb[1] ?? '').toUpperCase();
}

/** Stands for payload that may not be shown at all: `<41 bytes>`. */
export function placeholder(bytes: string): string {
  return PLACEHOLDER.test(bytes) ? bytes : `<${bytes.length} byte${bytes.length === 1 ? '' : 's'}>`;
}

/** A request or statement that stands alone: its name or its size. What stands in front of a request line (an address) goes too. */
export function redactPayload(text: string): string {
  if (text === '' || CONNECTION.test(text)) return text;
  const request = REQUEST.exec(text);
  return request === null ? (nameOfPayload(text) ?? placeholder(text)) : withoutUser(request[0]);
}

const SECRET_HEADER =
  /\b((?:set-)?cookie2?|(?:proxy-)?authorization|x-(?:api-key|auth-token|csrf-token))(\s*[:=](?!\s*<removed>)\s*)(?:(?!\\[rn]|[\r\n"`])[^])+/gi;
const SECRET_VALUE = /(password|passwd|pwd|secret|token|api_?key|access_?key|session_?id)=(?!<removed>)[^\s&,;"'`)]+/gi;
/** PHP names the file of a session after the id in its client's cookie. */
const SESSION_FILE = /\/sess_[A-Za-z0-9,-]+/g;
const STATEMENT =
  /\b(SELECT(?= +\S)|INSERT(?= +(?:INTO|IGNORE)\b)|UPDATE(?= +\S+ +SET\b)|DELETE(?= +FROM\b)|REPLACE(?= +INTO\b)|CALL(?= +\w+\()|WITH(?= +\w+ +AS\b))(?! \.\.\.)[^"`]*/g;

const OPENS: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/** Prose without what a client or a secret store sent: no query strings, header secrets, `password=` values, session files, user names in URLs. */
export function redactSecrets(text: string): string {
  const shown = withoutUser(text)
    .replace(/\S+/g, withoutQuery)
    .replace(SECRET_HEADER, '$1$2<removed>')
    .replace(SECRET_VALUE, '$1=<removed>');
  return withoutSessionId(shown);
}

/** Paths of session files without the id. */
export function withoutSessionId(text: string): string {
  return text.replace(SESSION_FILE, '/sess_<removed>');
}

/** Prose as from `redactSecrets`, and of SQL only the verb. */
export function redactProse(text: string): string {
  return redactSecrets(text).replace(STATEMENT, '$1 ...');
}

function withoutUser(text: string): string {
  return text.replace(/:\/\/[^\s/@"'`]+@/g, '://');
}

/** Drops `?…` behind a path in one word; the full stop behind it and what closes a bracket or quote of the word stay. */
function withoutQuery(word: string): string {
  const mark = word.indexOf('?', word.indexOf('/') + 1);
  if (!word.includes('/') || mark < 0 || !/[\w%&=[\].~+-]/.test(word[mark + 1] ?? '')) return word;
  const query = word.slice(mark + 1);
  const end = query.search(/["`<>]/);
  const path = word.slice(0, mark);
  if (end >= 0) return path + query.slice(end);
  const close = /[.,;:)'\]]+$/.exec(query)?.[0] ?? '';
  return path + [...close].filter((mark) => '.,;:'.includes(mark) || path.includes(OPENS[mark] ?? mark)).join('');
}

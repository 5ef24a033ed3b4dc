import { isCommandName } from '../trace/framing/command-words.ts';
import { maskTarget } from './masking/mask-path.ts';
import { maskSecrets, sizeOf } from './masking/shapes.ts';

/**
 * What may be said of payload without showing it: the method and path of an HTTP request, the status of a response, the
 * verb of an SQL statement. Everything else is only counted.
 */
/** What drover itself calls a request whose line is not in the capture. */
const CONNECTION = /^connection (?:on fd \d+|from [\w.:[\]/-]+)$/;
const PLACEHOLDER = /^<[\d,]+ bytes?>$/;
const REQUEST =
  /\b(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|PROPFIND|REPORT|PURGE) ((?:https?:\/\/|\/|\*)[\w\-.~!$&'()*+,=:@%/\\<>\x80-\uffff]*)|\b(CONNECT) ([^\s"`?#]+)/;
const TUNNEL = /^(?:[^\s]*@)?([\w.<>[\]:-]{1,255}:\d{1,5})$/;
const STATUS = /^HTTP\/\d(?:\.\d)? \d{3}(?!\d)/;
// MySQL: 3 bytes length, sequence, command 3 (query) or 22 (prepare). PostgreSQL: Q or P, 4 bytes length, for P the
// statement's name.
const PROTOCOL_HEAD = /^(?:[^]{3}[\0-\x05][\x03\x16]|Q\0[^]{3}|P\0[^]{3}[^\0]{0,64}\0)/;
const VERB =
  /^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|MERGE|CALL|WITH|BEGIN|COMMIT|ROLLBACK|SET|SHOW|CREATE|ALTER|DROP|TRUNCATE|LOCK|EXPLAIN)\b/i;

/**
 * The part of payload bytes (one character a byte) that may be shown, or null when none may. `isCut`: the capture has
 * only the beginning of them.
 */
export function nameOfPayload(bytes: string, isCut = false): string | null {
  if (PLACEHOLDER.test(bytes)) return bytes;
  const request = REQUEST.exec(bytes);
  if (request?.index === 0) return requestName(request, isCut && request[0].length === bytes.length);
  const status = STATUS.exec(bytes);
  if (status !== null) return status[0];
  const verb = VERB.exec(bytes.replace(PROTOCOL_HEAD, ''));
  return verb === null ? null : (verb[1] ?? '').toUpperCase();
}

/** Stands for payload that may not be shown at all: `<41 bytes>`. */
export function placeholder(bytes: string): string {
  return sizeOf(bytes);
}

/**
 * A request or statement that stands alone: its name or its size. What stands in front of a request line (an address)
 * goes too.
 */
export function redactPayload(text: string): string {
  if (text === '' || CONNECTION.test(text) || isCommandName(text)) return text;
  const request = REQUEST.exec(text);
  return (request === null ? nameOfPayload(text) : requestName(request, text.endsWith('...'))) ?? placeholder(text);
}

function requestName(request: RegExpExecArray, isCut: boolean): string | null {
  const [, method = '', target = '', , tunnel = ''] = request;
  if (method !== '') return `${method} ${maskTarget(target, isCut)}`;
  const host = TUNNEL.exec(tunnel)?.[1];
  return host === undefined ? null : `CONNECT ${host}`;
}

const STATEMENT =
  /\b(SELECT(?= +(?!on [A-Za-z_])\S)|INSERT(?= +(?:INTO|IGNORE)\b)|UPDATE(?= +\S+ +SET\b)|DELETE(?= +FROM\b)|REPLACE(?= +INTO\b)|CALL(?= +\w+\()|WITH(?= +\w+ +AS\b))(?! \.\.\.)[^"`]*/g;

/** Prose without secrets, and of SQL only the verb. */
export function redactProse(text: string): string {
  return maskSecrets(text).replace(STATEMENT, '$1 ...');
}

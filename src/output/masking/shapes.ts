import { maskPath, maskRuns, maskTarget, withoutUser } from './mask-path.ts';
import { isCardNumber } from './randomness.ts';
import { namesSecret, REMOVED, SECRET_WORD } from './secret-words.ts';
import { isHarmlessName, isHarmlessWord } from './vocabulary.ts';

/** One shape that a secret has wherever it stands: in a sentence, an argument of a program, a word of a log. */
interface Shape {
  readonly name: string;
  /** What is looked for. It takes time in proportion to the text. */
  readonly find: RegExp;
  /** What stands in its place. */
  readonly mask: (match: string, ...groups: string[]) => string;
  readonly example: readonly [text: string, masked: string];
}

const VALUE = '("[^"\\r\\n]*"?|\'[^\'\\r\\n]*\'?|\\\\"[^"\\\\]*(?:\\\\")?|[^\\s&,;"\'`)\\]}]+)';
/** Any method: a proxy or an application may have its own. */
const METHODS = '[A-Z]{3,16}';
const INTERFACE = /^(?:lo|(?:eth|en[opsx]|wl[opsx]|br|veth|docker|virbr|tun|tap|bond|wg|dummy)[a-z0-9]{0,12})$/;
const OPENS: Readonly<Record<string, string>> = { ')': '(', ']': '[' };

/** All shapes, in the order in which they are applied. */
export const SHAPES: readonly Shape[] = [
  {
    name: 'private key',
    find: /-----BEGIN ([A-Z ]{0,30})PRIVATE KEY-----[^]*/g,
    mask: (_, kind) => `-----BEGIN ${kind}PRIVATE KEY-----${REMOVED}`,
    example: ['-----BEGIN RSA PRIVATE KEY-----MIIE', `-----BEGIN RSA PRIVATE KEY-----${REMOVED}`],
  },
  {
    name: 'header with credentials',
    find: /\b((?:set-)?cookie2?|(?:proxy-)?authorization|x-(?:api-key|auth-token|csrf-token|amz-security-token))(\s{0,4}[:=](?!\s*<removed>)\s{0,4})(?:(?!\\[rn]|[\r\n"`])[^])+/gi,
    mask: (_, name, separator) => `${name}${separator}${REMOVED}`,
    example: ['Cookie: sid=a; b=c', `Cookie: ${REMOVED}`],
  },
  {
    name: 'credentials behind their scheme',
    find: /\b(bearer|basic|apikey|negotiate|ntlm)(\s{1,4})([^\s"'`,;]{4,})/gi,
    mask: (match, scheme, gap, value) =>
      isHarmlessWord(value.replace(/[.:]+$/, '')) || value === REMOVED ? match : `${scheme}${gap}${REMOVED}`,
    example: ['bearer Zq7x', `bearer ${REMOVED}`],
  },
  {
    name: 'target of a request',
    find: new RegExp(`\\b(${METHODS}) ((?:https?://|/)[^\\s"\`]*)`, 'g'),
    mask: (_, method, target) => requestShown(method ?? '', target ?? ''),
    example: ['GET /reset/Zq7x', `GET /reset/${REMOVED}`],
  },
  {
    name: 'user of a tunnel',
    find: /\bCONNECT ([^\s"`]*@)/g,
    mask: () => 'CONNECT ',
    example: ['CONNECT bob:pw@shop:443', 'CONNECT shop:443'],
  },
  {
    name: 'user, query and tokens of an address or path',
    find: /(?:[^\s"`<>|]|<removed>)+/g,
    mask: (word) => (word.includes('/') ? wordShown(word) : word),
    example: ['postgres://bob:p@w@db/shop?a=b', 'postgres://db/shop'],
  },
  {
    name: 'value of a secret name',
    find: new RegExp(
      `(${SECRET_WORD})([\\w-]{0,30}(?:["'\\]]|\\\\")?\\s{0,3}(?:=>?|:(?![:/]|\\d{1,5}(?:[\\s),;]|$))|%3[dD])\\s{0,3})(?!<removed>)${VALUE}`,
      'gi',
    ),
    mask: (match, word, separator, value) =>
      namesSecret(word + (/^[\w-]*/.exec(separator ?? '')?.[0] ?? '')) && !isState(value ?? '')
        ? `${word}${separator}${quotedAlike(value ?? '')}`
        : match,
    example: ['{"password": "Zq7x"}', `{"password": "${REMOVED}"}`],
  },
  {
    name: 'value behind a flag with a secret name',
    find: new RegExp(`(--?[\\w-]{0,30}${SECRET_WORD}[\\w-]{0,30})(\\s{1,3})(?![-<])${VALUE}`, 'gi'),
    mask: (match, flag, gap) => (namesSecret(flag) ? `${flag}${gap}${REMOVED}` : match),
    example: ['--api-key Zq7x', `--api-key ${REMOVED}`],
  },
  {
    name: 'name of an abstract socket',
    find: /\b(unix:@?)(?![/<@])([^\s",;)]+)/g,
    mask: (_, kind = '', name = '') => `${kind}${maskSocketName(kind, name)}`,
    example: ['connect on unix:@Zq7x', 'connect on unix:@<4 bytes>'],
  },
  {
    name: 'number of a card',
    find: /(?<!\d)(?:\d{4}[ -]){3}\d{3,4}(?!\d)/g,
    mask: (digits) => (isCardNumber(digits) ? REMOVED : digits),
    example: ['4111 1111 1111 1111', REMOVED],
  },
  {
    name: 'key',
    find: /[^\s"'`<>]{8,}/g,
    mask: (word) => (word.includes('/') ? word : maskRuns(word)),
    example: ['with ghp_16C7e42F292c6912E7710c838347Ae178B4a', `with ${REMOVED}`],
  },
];

/** Text without what has one of the shapes. Idempotent. */
export function maskSecrets(text: string): string {
  let masked = text;
  for (const { find, mask } of SHAPES) masked = masked.replace(find, mask);
  return masked;
}

/**
 * A name that nothing stands behind, of a thread or a socket: as it is when its words are harmless, else its size; of
 * `token=X` the name stays. `isCut`: its last word may be the beginning of one.
 */
export function maskName(name: string, isCut = false): string {
  if (/^\0*$/.test(name) || name.startsWith('<') || INTERFACE.test(name)) return name;
  if (name.length <= 64 && name.split(/[\s:/[\]()]+/).every((word) => word === '' || isHarmlessName(word, isCut)))
    return name;
  if (name.startsWith('/')) return maskPath(name);
  const pair = /^([A-Za-z_][\w-]{0,30}[=:])[^]+$/.exec(name);
  if (pair !== null && isHarmlessName(pair[1] ?? '')) return `${pair[1]}${REMOVED}`;
  return sizeOf(name);
}

/**
 * The name of a socket behind `unix:` or `unix:@`. Without the mark of an abstract one it is a file, named from the
 * folder of the process (`private/rewrite`).
 */
export function maskSocketName(kind: string, name: string): string {
  return kind === 'unix:' && name.includes('/') ? maskPath(name) : maskName(name);
}

/** `<41 bytes>`. */
export function sizeOf(text: string): string {
  return /^<(?:[\d,]+ bytes?|removed)>$/.test(text) ? text : `<${text.length} byte${text.length === 1 ? '' : 's'}>`;
}

/** A request line with its target masked: `GET /a`. */
function requestShown(method: string, target: string): string {
  const end = withoutMarks(target);
  const marks = target.slice(end);
  const path = maskTarget(target.slice(0, end), marks.startsWith('...'));
  // Of a query only what closes the sentence stays.
  return `${method} ${path}${/[?#]/.test(target) ? marks.replace(/[^.,:)\]]/g, '') : marks}`;
}

function isState(value: string): boolean {
  return /^(?:true|false|null|none|yes|no|nil|undefined|\{|\[|<)/i.test(value);
}

function quotedAlike(value: string): string {
  const quote = /^\\?["']/.exec(value)?.[0] ?? '';
  return quote === ''
    ? REMOVED
    : `${quote}${REMOVED}${value.length > quote.length && value.endsWith(quote) ? quote : ''}`;
}

/**
 * A word with a slash in it: no user of a URL, no query, no token among its parts. The full stop behind it and what
 * closes a bracket of the word stay.
 */
function wordShown(word: string): string {
  const [, start = '', rest = ''] = /^([^]*?[a-z][a-z0-9+.-]{0,20}:\/\/)?([^]*)$/i.exec(word) ?? [];
  const plain = start === '' ? rest : withoutUser(rest);
  const mark = plain.indexOf('?', start === '' ? plain.indexOf('/') + 1 : 0);
  const hasQuery = mark >= 0 && /[\w%&=[\].~+-]/.test(plain[mark + 1] ?? '');
  const path = hasQuery ? plain.slice(0, mark) : plain;
  const end = withoutMarks(path);
  const masked =
    start === ''
      ? maskPath(path.slice(0, end), path.startsWith('...', end))
      : maskTarget(path.slice(0, end), path.startsWith('...', end));
  const marks = hasQuery
    ? [...plain.slice(withoutMarks(plain))].filter(
        (mark) => '.,;:'.includes(mark) || word.slice(0, start.length + path.length).includes(OPENS[mark] ?? mark),
      )
    : [];
  return `${start}${masked}${path.slice(end)}${marks.join('')}`;
}

/** Where the marks at the end of a word begin: full stops, closing brackets. */
function withoutMarks(word: string): number {
  let end = word.length;
  while (end > 0 && ".,;:)'\\]".includes(word[end - 1] ?? '')) end--;
  return end;
}

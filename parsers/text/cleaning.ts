/** ANSI colours and other control sequences, as strace 7 and `script` write them. */
const CONTROL_SEQUENCES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_=>])/g;

const ENTITIES = /&(?:([a-z]{2,6})|#(\d{1,5})|#x([0-9a-f]{1,4}));/gi;
const ENTITY_TEXT: Readonly<Record<string, string>> = {
  ...{ lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", nbsp: ' ', hellip: '...', ldquo: '"', rdquo: '"' },
  ...{ lsquo: "'", rsquo: "'", mdash: '---', ndash: '--', minus: '-' },
};

/** What word processors, blogs and chats make of ASCII; strace writes what is not ASCII in octal digits. */
const TYPOGRAPHY: Readonly<Record<number, string>> = {
  ...{ 160: ' ', 8201: ' ', 8239: ' ', 8203: '', 8206: '', 65279: '' },
  ...{ 8216: "'", 8217: "'", 8220: '"', 8221: '"', 8230: '...', 8211: '--', 8212: '---', 8722: '-' },
};
/** The same in the bytes of UTF-8. */
const TYPOGRAPHIC = /\xc2?\xa0|\xe2\x80[\x80-\xaf]|\xe2\x88\x92|\xef\xbb\xbf/g;

/** Tags of a page that was saved with its marks. Paths in angle brackets begin with a slash, as no opening tag does. */
const OPENING_TAG = /<(?:span|pre|code|br|p|div|li|td|tr|tt|b|strong|font)\b[^<>]{0,200}>/;
const TAGS = /<\/?(?:span|pre|code|br|p|div|li|ol|ul|td|tr|tt|b|strong|font)(?:\s[^<>]{0,200}|\/)?>/g;
/** A line of a page with entities has no brackets of its own: those that it has are tags. */
const CLOSING_TAG = /<\/(?:span|pre|code|p|div|li|td|tr|tt|b|strong|font)>/;

/** Backslashes of Markdown before what would be markup there; strace escapes none of these. */
const ESCAPED = /\\([_[\]<>*`#])/g;
/** Around a line of code. */
const MARKDOWN = /^[*`]{1,3}(?=[[\w$#%<+-])|[*`]{1,3}$/g;

/** Colours, entities, quotes of a blog or backslashes of Markdown may hide what a line is. */
const MARKED_UP =
  /\x1b\[|&(?:[lg]t|quot|amp|hellip|[lr]dquo|apos|#x?\d{2,5});|\xc2\xa0|\xe2\x80|<br\s?\/?>|\w\\_\w|\\[[\]<>]|^[*`]/;

/**
 * An entity, a typographic quote or a backslash of Markdown in front of all text of the program, as only who wrote the
 * line down can put it.
 */
const MARKED_OUTSIDE = /^[^"]{0,400}(?:&(?:quot|#0?34|ldquo|lt|#0?60);|\xc2\xa0|\xe2\x80[\x9c-\x9f]|\w\\_\w|\\[[\]<>])/;

/** Whether the line reads wrong as it is, though it may look like a call. */
export function isMarkedOutside(line: string): boolean {
  return MARKED_OUTSIDE.test(line);
}

/** Whether a line may read otherwise once it is cleaned. */
export function isMarkedUp(line: string): boolean {
  return MARKED_UP.test(line);
}

/**
 * A line without colours, HTML tags and entities, typographic signs, backslashes and marks of Markdown, zeros or a byte
 * order mark at its beginning, and blanks at its end.
 */
export function cleanLine(line: string): string {
  let text = line;
  if (text.includes('\x1b')) text = text.replace(CONTROL_SEQUENCES, '');
  // A log that was truncated while strace went on writing begins with zeros.
  if (text.startsWith('\0')) text = text.replace(/^\0+/, '');
  if (text.includes('<') && (OPENING_TAG.test(text) || CLOSING_TAG.test(text))) text = text.replace(TAGS, '');
  if (/[\xa0\xe2\xef]/.test(text)) text = text.replace(TYPOGRAPHIC, plain);
  if (text.includes('&')) text = text.replace(ENTITIES, entity);
  if (text.includes('\\')) text = text.replace(ESCAPED, '$1');
  // Code in the middle of a sentence.
  if (text.includes('`')) text = text.replace(/^`+(?!`)|`+\s*$/g, '');
  return text.replace(MARKDOWN, '').trimEnd();
}

function plain(bytes: string): string {
  const character = bytes.length < 3 ? 0xa0 : (Buffer.from(bytes, 'latin1').toString('utf8').codePointAt(0) ?? 0);
  return TYPOGRAPHY[character] ?? bytes;
}

function entity(whole: string, name: string | undefined, decimal: string | undefined, hex: string | undefined): string {
  if (name !== undefined) return ENTITY_TEXT[name.toLowerCase()] ?? whole;
  const character = decimal === undefined ? Number.parseInt(hex ?? '0', 16) : Number(decimal);
  return TYPOGRAPHY[character] ?? (character >= 0x20 && character < 0x7f ? String.fromCharCode(character) : whole);
}

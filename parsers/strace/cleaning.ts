/** ANSI colours and other control sequences, as strace 7 and `script` write them. */
const CONTROL_SEQUENCES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_=>])/g;
const ENTITIES = /&(lt|gt|amp|quot|#39|nbsp);/g;
const ENTITY_TEXT: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'", nbsp: ' ' };

/** Tags of a page that was saved with its marks. Paths in angle brackets begin with a slash, as no opening tag does. */
const OPENING_TAG = /<(?:span|pre|code|br)\b[^<>]{0,200}>/;
const TAGS = /<\/?(?:span|pre|code|br)\b[^<>]{0,200}>/g;

/**
 * A line without colours, HTML tags and entities, zeros or a byte order mark at its beginning, and blanks at its end.
 */
export function cleanLine(line: string): string {
  let text = line;
  if (text.includes('\x1b')) text = text.replace(CONTROL_SEQUENCES, '');
  // A log that was truncated while strace went on writing begins with zeros.
  if (text.startsWith('\0')) text = text.replace(/^\0+/, '');
  if (text.startsWith('\xef\xbb\xbf')) text = text.slice(3);
  if (text.includes('<') && OPENING_TAG.test(text)) text = text.replace(TAGS, '');
  // Blanks of word processors and chats; strace writes what is not ASCII in octal digits.
  if (text.includes('\xa0')) text = text.replace(/\xc2?\xa0/g, ' ');
  if (text.includes('&')) text = text.replace(ENTITIES, (_, name: string) => ENTITY_TEXT[name] ?? '');
  // Code in the middle of a sentence.
  if (text.includes('`')) text = text.replace(/^`+(?!`)|`+\s*$/g, '');
  return text.trimEnd();
}

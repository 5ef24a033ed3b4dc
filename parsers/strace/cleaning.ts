/** ANSI colours and other control sequences, as strace 7 and `script` write them. */
const CONTROL_SEQUENCES = /\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_=>])/g;
const ENTITIES = /&(lt|gt|amp|quot|#39|nbsp);/g;
const ENTITY_TEXT: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#39': "'", nbsp: ' ' };

/** A line without colours, HTML entities, byte order mark, and blanks at its end. */
export function cleanLine(line: string): string {
  let text = line;
  if (text.includes('\x1b')) text = text.replace(CONTROL_SEQUENCES, '');
  if (text.startsWith('\xef\xbb\xbf')) text = text.slice(3);
  if (text.includes('&')) text = text.replace(ENTITIES, (_, name: string) => ENTITY_TEXT[name] ?? '');
  return text.trimEnd();
}

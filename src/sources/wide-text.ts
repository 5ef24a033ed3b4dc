/** UTF-16, as PowerShell and some editors of Windows write text. */
export type WideText = 'utf-16le' | 'utf-16be';

/** What the first bytes say: a mark, or without one three characters of ASCII. */
export function wideTextOf(head: Buffer): WideText | null {
  const [first = 0, second = 0] = head;
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  if (head.length < 6 || !isPlain(first)) return null;
  return [1, 3, 5].every((at) => head[at] === 0 && isPlain(head[at - 1] as number)) ? 'utf-16le' : null;
}

const isPlain = (byte: number): boolean => byte >= 0x20 && byte < 0x7f;

/** The same text in UTF-8, without the mark. */
export async function* asUtf8(wide: AsyncIterable<Buffer>, encoding: WideText): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding);
  for await (const chunk of wide) yield Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8');
  const rest = decoder.decode();
  if (rest !== '') yield Buffer.from(rest, 'utf8');
}

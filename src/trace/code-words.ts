import { type CodeFrame, codeFrame, MOST_FRAMES } from './code-frame.ts';

/** What stands in a word as it is; everything else as `%41`, so that no name ends its word, its frame or its line. */
const ESCAPED = /[^\w./<>$+~-]/gu;
/** One frame: `application@/srv/app.py:12`. */
const FRAME = /^([\w./<>$+~%-]{0,800})@([\w./<>$+~%-]{0,2000}):(\d{1,8})$/;

/** A stack as one word of a line: `application@/srv/app.py:12,handle@/usr/lib/base.py:108`. */
export function codeWord(frames: readonly CodeFrame[]): string {
  return frames
    .slice(0, MOST_FRAMES)
    .map(({ name, file, line }) => `${escaped(name)}@${escaped(file)}:${line}`)
    .join(',');
}

/** The stack that such a word says; null when it is none. */
export function readCodeWord(word: string): readonly CodeFrame[] | null {
  const parts = word.split(',', MOST_FRAMES + 1).slice(0, MOST_FRAMES);
  const frames: CodeFrame[] = [];
  for (const part of parts) {
    const [, name, file, line] = FRAME.exec(part) ?? [];
    if (name === undefined || file === undefined) return null;
    frames.push(codeFrame(unescaped(name), unescaped(file), Number(line)));
  }
  return frames;
}

function escaped(text: string): string {
  return text.replace(ESCAPED, (character) =>
    [...Buffer.from(character, 'utf8')].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

function unescaped(text: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const isEscape = text.charCodeAt(at) === 0x25 && /^[0-9a-f]{2}$/i.test(text.slice(at + 1, at + 3));
    bytes.push(isEscape ? Number.parseInt(text.slice(at + 1, at + 3), 16) : text.charCodeAt(at) & 0xff);
    if (isEscape) at += 2;
  }
  return Buffer.from(bytes).toString('utf8');
}

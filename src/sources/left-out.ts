import { count, plural } from '../trace/format-numbers.ts';
import { InputError } from './input-error.ts';
import type { LeftOutFile } from './trace-input.ts';

const SENTENCES = 3;

/** Sentences for the user about files that cannot be read, the first ones by name: there may be thousands. */
export function leftOutNotices(files: readonly LeftOutFile[]): string[] {
  const unread = files.filter(({ reason }) => reason !== '');
  const sentences = unread.slice(0, SENTENCES).map(({ path, reason }) => leftOutSentence(path, reason));
  const more = unread.length - SENTENCES;
  if (more > 0) sentences.push(`Left out ${plural(more, 'more file')}, which the report counts.`);
  return sentences;
}

export function leftOutSentence(path: string, reason: string): string {
  return `Left out ${path}: ${reason}${reason.endsWith('.') ? '' : '.'}`;
}

/** The error for a directory of which no file is left. */
export function nothingReadable(operands: readonly string[], files: readonly LeftOutFile[]): InputError {
  const [first, ...others] = files.filter(({ reason }) => reason !== '');
  const more = others.length === 0 ? '' : ` Nor can the other ${count(others.length)}.`;
  return new InputError(`No file of ${operands.join(', ')} can be read: ${first?.path}: ${first?.reason}.${more}`);
}

import { namedColumn, UNITS } from '../../src/trace/column-names.ts';

/** A word of a line, as a program printed it. */
export const TOKEN = /[^\s[\](){}=,;|<>"']+/g;
const WITH_UNIT = /^(\d{1,20}(?:\.\d{1,9})?)([a-zµ]{1,12})$/;
const LABELLED = /^([a-z_]{2,20}):(.*)$/;

/** A word, and where it ends in its line. */
export interface PrintedWord {
  readonly text: string;
  readonly end: number;
}

/** The words of a line. A number with its unit (`2067us`) is two, as is a value with its label (`pid:1404`). */
export function printedWords(line: string): PrintedWord[] {
  return [...line.matchAll(TOKEN)].flatMap(({ 0: token, index }) =>
    partsOf(token).map((text) => ({ text, end: index + token.length })),
  );
}

export function wordsOf(line: string): string[] {
  return (line.match(TOKEN) ?? []).flatMap(partsOf);
}

function partsOf(token: string): string[] {
  // Between a name and its value, as in JSON.
  if (token.startsWith(':')) return token.length === 1 ? [] : partsOf(token.slice(1));
  const [, label = '', value = ''] = LABELLED.exec(token) ?? [];
  if (label !== '' && namedColumn(label) !== null) return value === '' ? [label] : [label, ...partsOf(value)];
  const [, number, unit] = WITH_UNIT.exec(token) ?? [];
  return number !== undefined && unit !== undefined && UNITS[unit] !== undefined ? [number, unit] : [token];
}

/**
 * Joins the arguments before ` <unfinished ...>` and after ` resumed>`. Up to 6.15 the comma between them ends the
 * first half, since 6.16 it begins the second one; up to 4.26 a blank follows `resumed>`.
 */
export function joinHalves(first: string, second: string): string {
  let rest = second.startsWith(' ') && !second.startsWith(' =>') ? second.slice(1) : second;
  if (rest.startsWith(UNFINISHED)) rest = rest.slice(UNFINISHED.length);
  const begun = first.trimEnd();
  if (!begun.endsWith(',')) return first + rest;
  if (rest === '') return begun.slice(0, -1);
  return first + (rest.startsWith(',') ? rest.slice(1).trimStart() : rest);
}

const UNFINISHED = '<unfinished ...>';

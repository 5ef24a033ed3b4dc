/**
 * Says on a terminal at once whom drover looks for. What finds and traces processes takes as long again to load as the
 * program took to start, and on a busy host a person would see nothing meanwhile.
 */
export function sayFirst(who: readonly string[], { quiet }: { readonly quiet?: boolean | undefined }): void {
  if (!process.stderr.isTTY || quiet === true || who.length === 0) return;
  const named = who.map((word) => (/^\d/.test(word) ? `process ${word}` : word));
  process.stderr.write(`drover: Looking for ${named.join(' and ')}, to trace it.\n`);
}

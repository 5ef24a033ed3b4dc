/** A path as a shell takes it for one word, to be typed; control characters become `?`, which stands for any. */
export function shellWord(path: string): string {
  const safe = path.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\ufffd]/gu, '?');
  return /^[\w./@%+:,-]+$/.test(safe) ? safe : `'${safe.replaceAll("'", "'\\''")}'`;
}

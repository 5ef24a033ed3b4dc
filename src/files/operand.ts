const PLAIN = /^[\w@%+=:,./-]+$/;

/**
 * A path as one types it after `drover`: what a shell would read otherwise is quoted, and `-o`, an option, becomes
 * `./-o`, a file.
 */
export function asOperand(path: string): string {
  const named = path.startsWith('-') ? `./${path}` : path;
  return PLAIN.test(named) ? named : `'${named.replaceAll("'", "'\\''")}'`;
}

import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether a program of this name is on the PATH. */
export function hasTool(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Options for a test that runs programs of the host: `test('…', needsTool('zstd'), …)`. Without them the test is
 * skipped and says so; where CI is set a missing program fails the test file, so that no skip goes unnoticed.
 */
export function needsTool(...names: readonly string[]): { readonly skip: string | false } {
  const missing = names.filter((name) => !hasTool(name));
  if (missing.length === 0) return { skip: false };
  const message = `needs ${missing.join(' and ')}, not installed here`;
  if (process.env.CI) throw new Error(`a test ${message}; .ci/run must install it`);
  return { skip: message };
}

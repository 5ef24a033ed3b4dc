import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const BIOME = 'node_modules/@biomejs/biome/bin/biome';

/** The name of the constant that stands for a folder: `connect-refused` is `connectRefused`. */
export function variableOf(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The name of its class: `connect-refused` is `ConnectRefused`. */
export function classOf(name: string): string {
  return variableOf(`-${name}`);
}

/**
 * Writes files by path, never over one that is there, as the formatter has them, and lists them. Ends the program where
 * it cannot.
 */
export function writeSkeleton(files: Readonly<Record<string, string>>): string {
  for (const path of Object.keys(files)) if (existsSync(path)) fail(`${path} is there already.`);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  // Where a line breaks, and the order of imports, depend on the length of the name.
  const code = Object.keys(files).filter((path) => path.endsWith('.ts'));
  const { status } = spawnSync(process.execPath, [BIOME, 'check', '--write', ...code], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) fail('The files are written, and biome does not like them: npx biome check --write');
  return Object.keys(files)
    .map((path) => `  ${path}`)
    .join('\n');
}

/** What the user can mend: one line, exit code 2. */
export function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

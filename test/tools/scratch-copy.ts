import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../../..');

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** A copy of the repository in which a tool may write. */
export interface ScratchCopy {
  readonly folder: string;
  /** Runs a program of Node there. */
  run(...words: readonly string[]): Promise<Ran>;
  compiled(): Promise<Ran>;
  /** The titles of the tests inside suites of these files, those that are red apart. */
  results(...files: readonly string[]): Promise<{ readonly passed: string[]; readonly red: string[] }>;
}

export function scratchCopy(): ScratchCopy {
  const folder = temporaryFolder();
  for (const path of [
    'src',
    'parsers',
    'test',
    'CONTRIBUTING.md',
    'package.json',
    'tsconfig.json',
    'biome.json',
    'dist',
    '.ci',
  ])
    cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  for (const path of ['node_modules', 'samples']) symlinkSync(join(ROOT, path), join(folder, path));

  const run = async (...words: readonly string[]): Promise<Ran> => {
    const { exitCode = 1, all } = await execa(process.execPath, words, {
      cwd: folder,
      reject: false,
      all: true,
      // A test that runs tests would otherwise report to its own parent.
      env: { NODE_TEST_CONTEXT: undefined },
    });
    return { code: exitCode, output: all };
  };
  return {
    folder,
    run,
    compiled: () => run('node_modules/typescript/bin/tsc', '--pretty', 'false'),
    results: async (...files) => {
      const { output } = await run('--test', '--test-reporter=tap', ...files);
      const titles = (mark: string): string[] =>
        [...output.matchAll(new RegExp(`^ +${mark} \\d+ - (.*)$`, 'gm'))].map(([, title = '']) => title);
      return { passed: titles('(?<!not )ok'), red: titles('not ok') };
    },
  };
}

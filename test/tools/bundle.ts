import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Compiled, this file lies in dist/test/tools. */
const BUILT = join(import.meta.dirname, '../..');
const FOLDER = join(BUILT, 'bundle');

/** What is started by its name: the program, the library, and the two threads beside the first. */
const ENTRIES = {
  drover: 'src/cli/main.js',
  index: 'src/index.js',
  'parser-worker': 'src/pipeline/parser-worker.js',
  'analysis-worker': 'src/pipeline/analysis-worker.js',
};

rmSync(FOLDER, { recursive: true, force: true });
// Node takes longer to find and link the 500 modules of src and parsers than a small capture takes to read. All files
// lie in one folder, because `installed()` and the starts of threads name others relative to their own.
await build({
  absWorkingDir: BUILT,
  entryPoints: ENTRIES,
  outdir: FOLDER,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  logLevel: 'warning',
});

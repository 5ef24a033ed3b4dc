import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { asScript } from './as-script.ts';

/** Compiled, this file lies in dist/test/tools. */
const BUILT = join(import.meta.dirname, '../..');
const FOLDER = join(BUILT, 'bundle');

/** What is imported: the library, and the two threads beside the first. */
const MODULES = {
  index: 'src/index.js',
  'parser-worker': 'src/pipeline/parser-worker.js',
  'analysis-worker': 'src/pipeline/analysis-worker.js',
};
/** What is run, which begins with these two. V8 takes compiled code back for scripts, not for modules. */
const START = { start: 'src/cli/starting/start.js' };
const PROGRAM = { drover: 'src/cli/main.js' };

const common = {
  absWorkingDir: BUILT,
  outdir: FOLDER,
  bundle: true,
  platform: 'node',
  target: 'node20',
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
} satisfies BuildOptions;

// Node takes longer to find and link the 500 modules of src and parsers than a small capture takes to read. All files
// lie in one folder, because `installed()` and the starts of threads name others relative to their own.
mkdirSync(FOLDER, { recursive: true });
for (const name of readdirSync(FOLDER)) if (!name.endsWith('.wasm')) rmSync(join(FOLDER, name), { recursive: true });
const split = { format: 'esm', splitting: true } as const;
await build({ ...common, ...split, entryPoints: MODULES, packages: 'external', sourcemap: true });
const cjs = { format: 'cjs', outExtension: { '.js': '.cjs' } } as const;
await build({ ...common, ...cjs, entryPoints: START, define: { 'import.meta.dirname': '__dirname' } });
const { outputFiles } = await build({
  ...common,
  ...split,
  entryPoints: PROGRAM,
  // Not commander: it is needed at each start, and Node takes 5 ms to find and compile it.
  external: ['blessed', 'execa', 'split2'],
  define: { 'import.meta.url': '__url' },
  write: false,
});
const hash = createHash('sha256');
for (const { text } of outputFiles) hash.update(text);
const license = readFileSync(join(BUILT, '../node_modules/commander/LICENSE'), 'utf8');
// `runProgram` looks for the hash there.
const end = `/* In it is commander:\n${license}*/\n//${hash.digest('hex')}\n`;
for (const { path, text } of outputFiles) {
  const name = basename(path, '.js');
  const script = asciiOf(asScript(text)) + (name in PROGRAM ? end : '');
  writeFileSync(join(FOLDER, `${name}.cjs`), script);
}

/** `runProgram` takes one byte for one letter; esbuild leaves others in regular expressions, where `\u` is the same. */
function asciiOf(script: string): string {
  return script.replace(/[^\0-\x7f]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

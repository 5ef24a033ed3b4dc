import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import { MOST_PAGES } from '../../parsers/strace/simple/simple-memory.ts';

/** Compiled, this file lies in dist/test/tools. */
const ROOT = join(import.meta.dirname, '../../..');
const SOURCE = 'parsers/strace/simple/assembly/lines.ts';
/** Beside whoever starts it: compiled, and bundled. */
const FOLDERS = ['dist/src/pipeline', 'dist/bundle'];
const FILE = 'simple-lines.wasm';

const options = ['--optimizeLevel', '3', '--runtime', 'stub', '--noAssert', '--use', 'abort='];
const memory = ['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', String(MOST_PAGES)];
const features = ['--enable', 'simd,threads,bulk-memory'];
const [first = '', ...others] = FOLDERS;
const { error, stderr } = await asc.main([
  SOURCE,
  '--baseDir',
  ROOT,
  '--outFile',
  `${first}/${FILE}`,
  ...options,
  ...memory,
  ...features,
]);
if (error !== null) throw new Error(`${error.message}\n${stderr.toString()}`);
// Calls are a tenth of the time of a line: those in it become one function.
const inlining = [
  '--always-inline-max-function-size=2000',
  '--flexible-inline-max-function-size=3000',
  '--one-caller-inline-max-function-size=5000',
  '--inline-functions-with-loops',
];
const used = ['simd', 'threads', 'bulk-memory', 'nontrapping-float-to-int', 'sign-ext', 'mutable-globals'];
const optimizer = join(ROOT, 'node_modules/.bin/wasm-opt');
const file = join(ROOT, first, FILE);
execFileSync(process.execPath, [
  optimizer,
  file,
  '-o',
  file,
  '-O4',
  ...used.map((each) => `--enable-${each}`),
  ...inlining,
]);
for (const folder of others) {
  mkdirSync(join(ROOT, folder), { recursive: true });
  copyFileSync(join(ROOT, first, FILE), join(ROOT, folder, FILE));
}

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
for (const folder of others) {
  mkdirSync(join(ROOT, folder), { recursive: true });
  copyFileSync(join(ROOT, first, FILE), join(ROOT, folder, FILE));
}

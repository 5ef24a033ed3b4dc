import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
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
/** What the assembly was compiled of: to compile it takes 6 s of a processor, three times as long as `tsc`. */
const ORIGIN = 'dist/simple-lines.origin';
const outputs = FOLDERS.map((folder) => join(ROOT, folder, FILE));
const origin = originOf();
if (origin !== keptOrigin()) {
  rmSync(join(ROOT, ORIGIN), { force: true });
  await assemble();
  writeFileSync(join(ROOT, ORIGIN), origin);
}

/** A hash of all that may have a part in the assembly: the parsers, whose layouts it shares, compiler and options. */
function originOf(): string {
  const sources = readdirSync(join(ROOT, 'parsers'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .sort()
    .map((name) => join(ROOT, 'parsers', name));
  const compiler = join(ROOT, 'node_modules/assemblyscript/package.json');
  const hash = createHash('sha256');
  for (const path of [...sources, compiler, import.meta.filename]) hash.update(`${path}\n`).update(readFileSync(path));
  return hash.digest('hex');
}

/** That of the assembly in `dist`; null where a file of it is missing. */
function keptOrigin(): string | null {
  const isWhole = [join(ROOT, ORIGIN), ...outputs].every((path) => existsSync(path));
  return isWhole ? readFileSync(join(ROOT, ORIGIN), 'utf8') : null;
}

async function assemble(): Promise<void> {
  // The compiler is large, and loaded only for this.
  const { default: asc } = await import('assemblyscript/asc');
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
}

import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { readCode, writeCode } from '../../../src/cli/starting/code-cache.ts';
import { keepCode } from '../../../src/cli/starting/keep-code.ts';
import { runProgram } from '../../../src/cli/starting/run-program.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
const isRoot = process.geteuid?.() === 0;
const written = new Date('2026-11-20T19:25:28Z');
const said = globalThis as { said?: string | undefined };
let folders = 0;

/** A folder with a program of two scripts, which says a word; the hash in it is always the same. */
function programSaying(word: string): string {
  const folder = join(FOLDER, String(++folders));
  mkdirSync(folder);
  writeFileSync(join(folder, 'part.cjs'), `Object.assign(exports,{say(){globalThis.said=${JSON.stringify(word)};}});`);
  writeFileSync(join(folder, 'drover.cjs'), 'const{say}=require("./part.cjs");say();\n//5eed\n');
  utimesSync(join(folder, 'drover.cjs'), written, written);
  return folder;
}

const cacheOf = (folder: string): string => join(folder, 'drover.cjs.cache');

function wordOf(folder: string): string | undefined {
  said.said = undefined;
  runProgram(folder, 'drover.cjs');
  return said.said;
}

/** A program that says `one`, with code of another that says `two`: what it says tells which of them ran. */
function programWithOtherCode(): string {
  const other = programSaying('two');
  assert.equal(wordOf(other), 'two');
  keepCode('strace');
  const folder = programSaying('one');
  copyFileSync(cacheOf(other), cacheOf(folder));
  return folder;
}

test('code that an earlier run compiled is taken', () => {
  assert.equal(wordOf(programWithOtherCode()), 'two');
});

test('nothing is kept of a run unless it says so', () => {
  const folder = programSaying('one');
  assert.equal(wordOf(folder), 'one');
  assert.deepEqual(readdirSync(folder).sort(), ['drover.cjs', 'part.cjs']);
});

test('a file that nobody else may write is kept beside the program, and nothing else', () => {
  const folder = programSaying('one');
  wordOf(folder);
  keepCode('strace');
  assert.deepEqual(readdirSync(folder).sort(), ['drover.cjs', 'drover.cjs.cache', 'part.cjs']);
  assert.equal(statSync(cacheOf(folder)).mode & 0o022, 0);
});

/** What may be wrong with the file, each alone. */
const WRONG: Readonly<Record<string, (folder: string) => void>> = {
  'its group may write it': (folder) => chmodSync(cacheOf(folder), 0o664),
  'everybody may write it': (folder) => chmodSync(cacheOf(folder), 0o646),
  'the program has changed': (folder) => utimesSync(join(folder, 'drover.cjs'), written, new Date()),
  'the program is another': (folder) => {
    writeFileSync(join(folder, 'drover.cjs'), 'const{say}=require("./part.cjs");say();\n//ace5\n');
    utimesSync(join(folder, 'drover.cjs'), written, written);
  },
  'one bit of it is another': (folder) => {
    const bytes = readFileSync(cacheOf(folder));
    bytes[bytes.length - 53] = (bytes[bytes.length - 53] ?? 0) ^ 1;
    writeFileSync(cacheOf(folder), bytes);
  },
  'its end is missing': (folder) => writeFileSync(cacheOf(folder), readFileSync(cacheOf(folder)).subarray(0, -7)),
  'it is empty': (folder) => writeFileSync(cacheOf(folder), ''),
  'another Node wrote it': (folder) => {
    const { mtimeMs, size } = statSync(process.execPath);
    const node = [process.execPath, process.version, process.arch, mtimeMs, size].join(' ');
    const kept = readCode(cacheOf(folder), { node, hash: '//5eed\n', changedMs: +written, kinds: [] }, uidOf(folder));
    assert.ok(kept !== null);
    writeCode(cacheOf(folder), { ...kept, origin: { ...kept.origin, node: `${node}1` } });
  },
};

const uidOf = (folder: string): number => statSync(cacheOf(folder)).uid;

for (const [what, spoil] of Object.entries(WRONG))
  test(`the code is not taken when ${what}, and the next run may keep it`, () => {
    const folder = programWithOtherCode();
    spoil(folder);
    assert.equal(wordOf(folder), 'one');
    keepCode('strace');
    assert.equal(statSync(cacheOf(folder)).mode & 0o022, 0);
    assert.equal(wordOf(folder), 'one');
  });

test('the code is not taken when Node is told to keep none', () => {
  const folder = programWithOtherCode();
  process.env['NODE_DISABLE_COMPILE_CACHE'] = '1';
  try {
    assert.equal(wordOf(folder), 'one');
  } finally {
    delete process.env['NODE_DISABLE_COMPILE_CACHE'];
  }
});

test('the code is not taken when its owner is not that of the program', { skip: !isRoot && 'needs root' }, () => {
  const folder = programWithOtherCode();
  chownSync(cacheOf(folder), 65_534, 65_534);
  assert.equal(wordOf(folder), 'one');
});

test('root keeps nothing in the folder of somebody else', { skip: !isRoot && 'needs root' }, () => {
  const folder = programSaying('one');
  chownSync(join(folder, 'drover.cjs'), 65_534, 65_534);
  wordOf(folder);
  keepCode('strace');
  assert.deepEqual(readdirSync(folder).sort(), ['drover.cjs', 'part.cjs']);
});

test('where no file can be written the program runs, and no half of a file is left', () => {
  const folder = programSaying('one');
  mkdirSync(join(cacheOf(folder), 'in the way'), { recursive: true });
  assert.equal(wordOf(folder), 'one');
  keepCode('strace');
  assert.deepEqual(readdirSync(folder).sort(), ['drover.cjs', 'drover.cjs.cache', 'part.cjs']);
});

test('a run of another kind adds what it compiled, one of the same kind writes nothing', () => {
  const folder = programSaying('one');
  wordOf(folder);
  keepCode('strace');
  const first = statSync(cacheOf(folder)).ino;
  wordOf(folder);
  keepCode('strace');
  assert.equal(statSync(cacheOf(folder)).ino, first);
  keepCode('bpftrace');
  wordOf(folder);
  keepCode('strace');
  keepCode('bpftrace');
  const { ino, size } = statSync(cacheOf(folder));
  assert.notEqual(ino, first);
  assert.ok(size > 0);
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { THRESHOLDS } from '../src/detectors/registry.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const PAGE = readFileSync(join(ROOT, 'src/API.md'), 'utf8');

test('the example of the page runs as a program that has drover installed', () => {
  const example = /^```js\n([\s\S]*?)^```$/m.exec(PAGE)?.[1];
  assert.ok(example, 'the page has no example');
  const [, threshold = ''] = /thresholds: \{ '([a-z-]+)': \d+ \}/.exec(example) ?? [];
  assert.ok(Object.hasOwn(THRESHOLDS, threshold), `there is no threshold ${threshold}`);
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/drover'));
  writeFileSync(join(folder, 'example.mjs'), example);
  const trace = join(folder, 'trace.strace.gz');
  copyFileSync(join(ROOT, 'samples/distracted-worker/trace.strace.gz'), trace);
  const run = () => spawnSync(process.execPath, ['example.mjs'], { cwd: folder, encoding: 'utf8' });
  const { stdout, stderr, status } = run();
  assert.deepEqual([status, stderr], [0, '']);
  // Three stalls of a second each, as the application measured them (truth.json).
  assert.match(
    stdout,
    /^critical loop-stall GET \/b holds worker 4870 up to 1\.00 s \(3x\): computes, or waits for a CPU \{/,
  );
  assert.match(stdout, /^# drover: /m);
  rmSync(trace);
  const without = run();
  assert.deepEqual([without.status, without.stdout], [3, '']);
  assert.match(without.stderr, /trace\.strace\.gz: there is no such file/);
});

/** The names that a program can import: those of `export { … }` lists and of declarations. */
function exportedNames(): string[] {
  const text = readFileSync(join(ROOT, 'src/index.ts'), 'utf8');
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, names = '']) => names.split(','));
  const declared = [...text.matchAll(/^export (?:async )?(?:function|const|class|interface|type) (\w+)/gm)];
  const names = [...listed, ...declared.map(([, name = '']) => name)];
  return names.map((name) => name.replace(/^\s*type /, '').trim()).filter(Boolean);
}

test('the page describes every exported name, and no other', () => {
  const rows = [...PAGE.matchAll(/^\| (`.*?) \| (.+) \|$/gm)];
  const described = rows.flatMap(([, names = '']) => [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name));
  assert.ok(described.includes('analyzeFiles') && described.includes('Report'));
  assert.deepEqual(described.toSorted(), exportedNames().toSorted());
});

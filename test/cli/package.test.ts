import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = temporaryFolder();

/** What `npm pack` would put into the package, as it is built now. */
function packedFiles(): string[] {
  const listing = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // An older npm gives a list, a newer one an object by package name.
  const [packed] = Object.values(JSON.parse(listing) as Readonly<Record<string, { readonly files: readonly { readonly path: string }[] }>>);
  return (packed?.files ?? []).map(({ path }) => path);
}

const FILES = packedFiles();

test('the package holds the program, its bpftrace programs, the page of every detector and the schema', () => {
  const pages = readdirSync(join(ROOT, 'src/detectors'))
    .map((kind) => `src/detectors/${kind}/README.md`)
    .filter((path) => existsSync(join(ROOT, path)));
  for (const path of [
    'bin/drover.js',
    'dist/src/cli/main.js',
    'dist/src/index.js',
    'src/analysis/report.schema.json',
    'package.json',
    'LICENSE',
    ...readdirSync(join(ROOT, 'src/sources/bpftrace'))
      .filter((name) => name.endsWith('.bt'))
      .map((name) => `src/sources/bpftrace/${name}`),
    ...pages,
  ]) {
    assert.ok(FILES.includes(path), path);
  }
});

test('the package holds neither tests, nor samples, nor sources, nor source maps', () => {
  assert.deepEqual(
    FILES.filter((path) => /^(?:dist\/)?(?:test|samples)\/|\.map$|(?<!\.d)\.ts$|tsbuildinfo/.test(path)),
    [],
  );
});

test('what is in the package is enough to run', () => {
  for (const path of FILES) cpSync(join(ROOT, path), join(FOLDER, path));
  symlinkSync(join(ROOT, 'node_modules'), join(FOLDER, 'node_modules'));
  const drover = join(FOLDER, 'bin/drover.js');
  const report = execFileSync(process.execPath, [drover, '--json', join(ROOT, 'samples/distracted-worker/trace.strace.gz')], {
    encoding: 'utf8',
  });
  assert.equal(JSON.parse(report).schemaVersion, 1);
  assert.match(execFileSync(process.execPath, [drover, 'explain'], { encoding: 'utf8' }), /thresholds/);
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { bpftraceSettings, versionIn } from '../../src/sources/bpftrace/version.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

test('a version is told from what bpftrace says of itself', () => {
  assert.equal(versionIn('bpftrace v0.17.0\n'), 17);
  assert.equal(versionIn('bpftrace v0.27.1-14-gdeadbeef\n'), 27);
  assert.equal(versionIn('bpftrace v1.2.0\n'), 1_000);
  assert.equal(versionIn('sh: bpftrace: not found'), null);
});

test('a buffer of each processor has 4 MB; the one of all has as much for each, up to 64 MB', () => {
  const pages = (version: number | null, processors: number, kernel = '6.1.0-28-amd64') =>
    Number(bpftraceSettings(96, processors, version, kernel).BPFTRACE_PERF_RB_PAGES);
  assert.equal(pages(17, 64), 1_024);
  assert.equal(pages(18, 1), 1_024);
  assert.equal(pages(23, 3), 4_096);
  assert.equal(pages(27, 16), 16_384);
  assert.equal(pages(27, 64), 16_384);
  // Without the shared buffer of 5.8 each page counts for each processor again.
  assert.equal(pages(23, 64, '5.4.0-150-generic'), 1_024);
  assert.equal(pages(23, 64, '5.8.0'), 16_384);
  assert.equal(pages(null, 64), 1_024);
});

test('lengths of strings are given under the name that the version knows', () => {
  const names = (version: number | null) =>
    Object.keys(bpftraceSettings(64, 2, version, '6.1.0')).filter((name) => name.includes('STRLEN'));
  assert.deepEqual(names(20), ['BPFTRACE_STRLEN']);
  assert.deepEqual(names(21), ['BPFTRACE_MAX_STRLEN']);
  assert.deepEqual(names(null), ['BPFTRACE_STRLEN', 'BPFTRACE_MAX_STRLEN']);
});

/** What the script of `drover recipe` gives bpftrace on a host of that version, kernel and size. */
function settingsOfRecipe(version: string, kernel: string, processors: number): Readonly<Record<string, string>> {
  const script = readFileSync(new URL('../../../src/sources/recipe/capture.sh', import.meta.url), 'utf8');
  const settings = /^bpftrace_settings\(\) \{\n[^]*?^\}\n/m.exec(script)?.[0] ?? '';
  assert.notEqual(settings, '');
  const tools = join(temporaryFolder(), 'tools');
  mkdirSync(tools);
  for (const [name, says] of [
    ['bpftrace', version],
    ['uname', kernel],
    ['nproc', String(processors)],
  ])
    writeFileSync(join(tools, name ?? ''), `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
  const printed = execFileSync('/bin/sh', ['-c', `${settings}bpftrace_settings\nexport -p`], {
    env: { PATH: `${tools}:/usr/bin:/bin` },
    encoding: 'utf8',
  });
  return Object.fromEntries(
    [...printed.matchAll(/^(?:export|declare -x) (BPFTRACE_\w+)=["']?(\d+)/gm)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  );
}

test('the script of a recipe gives the same settings, also on a kernel without the shared buffer', () => {
  for (const version of ['bpftrace v0.17.0', 'bpftrace v0.20.2', 'bpftrace v0.23.2', 'bpftrace v1.2.0'])
    for (const kernel of [
      '5.4.0-150-generic',
      '5.7.19',
      '5.8.0',
      '5.10.0-28-amd64',
      '4.18.0-553.el8',
      '6.1.0-28-amd64',
    ])
      for (const processors of [1, 3, 64])
        assert.deepEqual(
          settingsOfRecipe(version, kernel, processors),
          bpftraceSettings(96, processors, versionIn(version), kernel),
          `${version} on ${kernel} with ${processors}`,
        );
  const pages = settingsOfRecipe('bpftrace v0.23.2', 'unknown', 64).BPFTRACE_PERF_RB_PAGES;
  assert.equal(pages, '1024');
});

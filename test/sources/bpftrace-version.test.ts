import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { bpftraceSettings, versionIn } from '../../src/sources/bpftrace/version.ts';

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

const SETTINGS = /^bpftrace_settings\(\) \{\n[^]*?^\}\n/m.exec(
  readFileSync(new URL('../../../src/sources/recipe/capture.sh', import.meta.url), 'utf8'),
)?.[0];

/** What `bpftrace --version`, `uname -r` and `nproc` say on a host. */
type Host = readonly [version: string, kernel: string, processors: number];

/** What the script of `drover recipe` gives bpftrace on each of those hosts; one shell asks for all of them. */
function settingsOfRecipe(hosts: readonly Host[]): readonly Readonly<Record<string, string>>[] {
  const asked = hosts.map(
    ([version, kernel, processors]) =>
      `(bpftrace() { echo '${version}'; }; uname() { echo '${kernel}'; }; nproc() { echo '${processors}'; }\n` +
      'bpftrace_settings; export -p; echo NEXT)\n',
  );
  const printed = execFileSync('/bin/sh', ['-c', `${SETTINGS}${asked.join('')}`], {
    env: { PATH: '/usr/bin:/bin' },
    encoding: 'utf8',
  });
  return printed
    .split('NEXT\n')
    .slice(0, -1)
    .map((text) =>
      Object.fromEntries(
        [...text.matchAll(/^(?:export|declare -x) (BPFTRACE_\w+)=["']?(\d+)/gm)].map(([, name = '', value = '']) => [
          name,
          value,
        ]),
      ),
    );
}

test('the script of a recipe gives the same settings, also on a kernel without the shared buffer', () => {
  const versions = ['bpftrace v0.17.0', 'bpftrace v0.20.2', 'bpftrace v0.23.2', 'bpftrace v1.2.0'];
  const kernels = ['5.4.0-150-generic', '5.7.19', '5.8.0', '5.10.0-28-amd64', '4.18.0-553.el8', '6.1.0-28-amd64'];
  const hosts = versions.flatMap((version) =>
    kernels.flatMap((kernel) => [1, 3, 64].map((processors): Host => [version, kernel, processors])),
  );
  const all = settingsOfRecipe([...hosts, ['bpftrace v0.23.2', 'unknown', 64]]);
  assert.equal(all.length, hosts.length + 1);
  for (const [index, [version, kernel, processors]] of hosts.entries())
    assert.deepEqual(
      all[index],
      bpftraceSettings(96, processors, versionIn(version), kernel),
      `${version} on ${kernel} with ${processors}`,
    );
  assert.equal(all.at(-1)?.BPFTRACE_PERF_RB_PAGES, '1024');
});

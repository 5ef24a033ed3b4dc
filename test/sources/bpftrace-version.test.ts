import assert from 'node:assert/strict';
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

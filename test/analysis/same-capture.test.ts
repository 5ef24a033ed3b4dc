import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import test from 'node:test';
import { gzipSync } from 'node:zlib';
import { analyzeFiles } from '../../src/index.ts';
import { named, server } from './hosts.ts';

test('a capture under several names, packed or not, is reported once and named as a copy', async () => {
  const text = server([1500]);
  const original = named('copies/a.strace', text);
  const [copy, packed] = [named('copies/b.strace', text), named('copies/c.strace.gz', '')];
  writeFileSync(packed, gzipSync(text));
  const report = await analyzeFiles([original, copy, packed]);
  assert.equal(report.hosts, undefined);
  assert.deepEqual(report.source.paths, [original]);
  assert.equal(
    report.quality.notes[0],
    `${copy} and ${packed} hold the same capture as ${original}, which is reported once.`,
  );
  assert.match(report.verdict.text, /^Likely: GET \/slow holds worker 101 for 1\.50 s/);
});

test('captures of two hosts are two, whatever else is equal', async () => {
  const report = await analyzeFiles([named('two/a.strace', server([1500])), named('two/b.strace', server([1500]))]);
  assert.equal(report.hosts?.length, 2);
  assert.match(report.verdict.text, /^Likely: Both hosts: GET \/slow/);
});

test('equal captures without a fraction of a second may be of two idle hosts', async () => {
  for (const line of ['1 accept4(3, ', '1 02:13:20 accept4(3, ', '1 1795140800 accept4(3, ']) {
    const text = `${line}\n`;
    const report = await analyzeFiles([named('idle/a.strace', text), named('idle/b.strace', text)]);
    assert.equal(report.hosts?.length, 2, line);
  }
});

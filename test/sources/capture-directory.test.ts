import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { openInputs } from '../../src/sources/open-inputs.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { workerLines } from '../support/worker-lines.ts';

const FOLDER = temporaryFolder();

function capture(name: string, facts: Readonly<Record<string, string>>): string {
  const folder = join(FOLDER, name);
  mkdirSync(folder);
  // The worker is seen before its master, and no fork was traced.
  writeFileSync(join(folder, 'trace.strace'), `${workerLines({ pid: 17 })}${workerLines({ pid: 13 })}`);
  for (const [file, text] of Object.entries(facts)) writeFileSync(join(folder, file), text);
  return folder;
}

const THREADS =
  '== threads\n 13 13 1 gunicorn\n 17 17 13 gunicorn\n== command 13\n/usr/bin/python3\n/usr/bin/gunicorn\n-k\ngevent\n';

test('a directory of a recipe is one trace with its facts: nothing is left out', async () => {
  const folder = capture('whole', { 'facts-before.txt': THREADS, 'facts-after.txt': THREADS, 'calls.bt': '' });
  const set = openInputs([folder]);
  assert.deepEqual([set.paths, set.leftOut, set.notices], [[folder], [], []]);
  const report = await analyzeInputs(set, {});
  assert.deepEqual(report.quality.diagnostics, []);
  assert.equal(report.quality.unparsedLines, 0);
  const [first] = report.workers;
  assert.equal(first?.comm, 'gunicorn');
  assert.ok(report.workers.some(({ server }) => server === 'gunicorn gevent'));
});

test('without facts the trace is read all the same', async () => {
  const report = await analyzeInputs(openInputs([capture('bare', {})]), {});
  assert.equal(report.quality.grade, 'good');
  assert.ok(report.workers.every(({ comm }) => comm === ''));
});

test('a ring of io_uring that was there before the trace is told, with what it hides', async () => {
  const noted = async (name: string, link: string): Promise<string> => {
    const descriptors = `== descriptors 17\ntotal 0\nlrwx------ 1 root root 64 Nov 26 16:00 9 -> ${link}\n`;
    const folder = capture(name, { 'facts-before.txt': THREADS + descriptors });
    return (await analyzeInputs(openInputs([folder]), {})).quality.notes.join(' ');
  };
  assert.match(await noted('ring', 'anon_inode:[io_uring]'), /Process 17 uses io_uring: accepts, reads and writes/);
  assert.doesNotMatch(await noted('no-ring', 'anon_inode:[eventpoll]'), /io_uring/);
});

test('overflows of accept queues that the kernel counted are told as what they are', async () => {
  const counted = (count: number) => `== counters\nTcpExtListenOverflows   ${count}  0.0\n`;
  const noted = async (name: string, after: number): Promise<string> => {
    const folder = capture(name, { 'facts-before.txt': counted(31), 'facts-after.txt': counted(after) });
    return (await analyzeInputs(openInputs([folder]), {})).quality.notes.join(' ');
  };
  assert.match(await noted('full', 48), /17 connections on this host found an accept queue full/);
  assert.doesNotMatch(await noted('none', 31), /accept queue/);
});

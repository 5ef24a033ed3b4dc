import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { memoryInput } from '../support/memory-input.ts';
import { linesOf } from './incomplete-captures.ts';

function reported(lines: readonly string[]): Promise<Report> {
  const input = memoryInput('trace', `${lines.join('\n')}\n`, { chunkBytes: 65_536 });
  return analyzeInputs({ kind: 'file', paths: ['trace'], inputs: [input], leftOut: [], notices: [] }, {});
}

/** Nothing is claimed, neither a finding nor that there is none. */
function saysNothing({ verdict, findings, outcomes }: Report, why: RegExp): void {
  assert.deepEqual([verdict.severity, verdict.confidence], ['none', 'cannot-tell']);
  assert.match(verdict.text, why);
  assert.deepEqual(findings, []);
  const claimed = Object.values(outcomes).filter((outcome) => outcome?.status === 'clear');
  assert.deepEqual(claimed, []);
}

const threadOf = (line: string): number => Number(/^\d+/.exec(line)?.[0]);

const byThread = (lines: readonly string[]): readonly string[] =>
  [...lines].sort((one, other) => threadOf(one) - threadOf(other));

describe('lines of a real capture that are not in order of time', () => {
  // Its clients measured 1.51 s; sorted, it was an all-clear.
  const slow = linesOf('servers/puma-single-slow');

  it('are as before where each stands where it stood', async () => {
    const { verdict, quality } = await reported(slow);
    assert.deepEqual([verdict.severity, verdict.confidence, quality.grade], ['warning', 'likely', 'good']);
  });

  it('say nothing where they stand by thread, and how to sort them', async () => {
    saysNothing(await reported(byThread(slow)), /not in order of time\. Type: sort -s -k2,2 FILE \| drover/);
  });

  it('say nothing where the newest stands first, and how to turn them', async () => {
    saysNothing(await reported(slow.toReversed()), /the newest line is the first one\. Type: tac FILE \| drover/);
  });

  it('say nothing where files of -ff stand one behind the other, without the number of their thread', async () => {
    const files = byThread(slow).map((line) => line.replace(/^\d+ +/, ''));
    saysNothing(await reported(files), /not in order of time.*strace -ff as their folder/);
  });

  it('say nothing where the column of the threads was cut off, and which file to give', async () => {
    const cut = slow.map((line) => line.replace(/^\d+ +/, ''));
    saysNothing(await reported(cut), /do not say which thread it is\. Give the file as strace -f -o FILE wrote it/);
  });

  it('say what they said where one thread alone is in them, with its column or without', async () => {
    const counts = new Map<number, number>();
    for (const line of slow) counts.set(threadOf(line), (counts.get(threadOf(line)) ?? 0) + 1);
    const [busiest] = [...counts].sort(([, one], [, other]) => other - one)[0] ?? [];
    const own = slow.filter((line) => threadOf(line) === busiest);
    for (const lines of [own, own.map((line) => line.replace(/^\d+ +/, ''))]) {
      const { quality } = await reported(lines);
      const codes = quality.diagnostics.map(({ code }) => code);
      for (const code of ['line-order', 'no-threads', 'newest-first']) assert.ok(!codes.includes(code), code);
    }
  });

  it('are one capture where a clock was set back once between them', async () => {
    const from = slow.length >> 1;
    const stepped = slow.map((line, index) =>
      index < from ? line : line.replace(/ (\d{10})\./, (_, seconds) => ` ${Number(seconds) - 7}.`),
    );
    const { quality } = await reported(stepped);
    const codes = quality.diagnostics.map(({ code }) => code);
    assert.ok(codes.includes('clock-step'), codes.join());
    for (const code of ['line-order', 'no-threads', 'newest-first']) assert.ok(!codes.includes(code), code);
  });
});

describe('a capture that shows less than strace can', () => {
  it('clears no database where nothing of its answers is shown (-s 0), or too little (-s 8)', async () => {
    // 11 of 20 clients were refused.
    const refused = linesOf('servers/postgresql-refused');
    for (const size of [0, 8]) {
      const shown = refused.map((line) =>
        line.replace(/"((?:\\.|[^"\\])*)"(?:\.\.\.)?/g, (whole, text: string) => {
          const letters = text.match(/\\(?:[0-7]{1,3}|.)|[^\\]/g) ?? [];
          return letters.length <= size ? whole : `"${letters.slice(0, size).join('')}"...`;
        }),
      );
      const { verdict } = await reported(shown);
      assert.notEqual(verdict.confidence, 'likely', verdict.text);
    }
  });

  it('finds a listener that is out of all sets without the durations of calls, and clears nothing', async () => {
    const short = (line: string): string => line.replace(/ <\d+\.\d+>$/, '');
    const full = await reported(linesOf('servers/haproxy-full').map(short));
    assert.deepEqual([full.verdict.severity, full.findings[0]?.kind], ['critical', 'accept-paused']);
    const twin = await reported(linesOf('servers/haproxy').map(short));
    assert.equal(twin.outcomes['accept-paused']?.status, 'not-applicable');
    assert.equal(twin.verdict.confidence, 'cannot-tell');
    assert.match(twin.verdict.text, /Record with -T/);
  });
});

describe('a capture of bpftrace whose end is missing', () => {
  it('has no stall up to where it ends, and is no all-clear', async () => {
    // A healthy nginx; cut like that its workers had been "held 3.39 s: no system call".
    const file = 'samples/herd-gunicorn-gevent/bpftrace/healthy/nginx/trace.bpftrace.gz';
    const lines = gunzipSync(readFileSync(file)).toString('latin1').trimEnd().split('\n');
    assert.equal((await reported(lines)).verdict.confidence, 'likely');
    for (const share of [0.35, 0.62, 0.83, 0.97]) {
      const { verdict, findings } = await reported(lines.slice(0, Math.floor(lines.length * share)));
      assert.deepEqual(
        findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
        [],
      );
      assert.equal(verdict.confidence, 'cannot-tell');
      assert.match(verdict.text, /the end of the capture is missing/);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causesIn } from '../../src/analysis/causes.ts';
import { analyzeFiles } from '../../src/index.ts';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { strictComplaints } from '../support/strict-schema.ts';
import { checkOneCause, lines, named, server } from './hosts.ts';

describe('captures of several hosts', () => {
  it('are told apart: equal pids are two processes, and a stall of one host strands nobody on another', async () => {
    const report = await analyzeFiles([named('a/sick.strace', server([1500])), named('a/well.strace', server([]))]);
    assert.deepEqual(strictComplaints(report), []);
    assert.deepEqual(
      report.findings
        .filter(({ severity }) => severity !== 'info')
        .map(({ kind, title, hosts }) => [kind, title, hosts]),
      [['loop-stall', 'sick: GET /slow holds worker 101 for 1.50 s: computes, or waits for a CPU', ['sick']]],
    );
    assert.deepEqual(
      report.workers.filter(({ pid }) => pid === 101).map(({ host }) => host),
      ['sick', 'well'],
    );
    assert.deepEqual(
      report.hosts?.map(({ name, verdict }) => [name, verdict.severity]),
      [
        ['sick', 'critical'],
        ['well', 'none'],
      ],
    );
  });

  it('name the sick one of twelve in the first line', async () => {
    const paths = Array.from({ length: 12 }, (_, index) =>
      named(`b/web-${String(index + 1).padStart(2, '0')}.strace`, server(index === 6 ? [2300] : [])),
    );
    const report = await analyzeFiles(paths);
    assert.match(report.verdict.text, /^Likely: web-07: GET \/slow holds worker 101 for 2\.30 s/);
    const text = lines(report);
    assert.match(text[0] ?? '', /^FILE {8}12 captures of 12 hosts/);
    assert.ok(
      text.some((line) => /^web-07 +CRITICAL +2\.30 s GET \/slow/.test(line)),
      text.join('\n'),
    );
    assert.ok(
      text.some((line) => /^web-01, web-02, web-03 \+8 more +NO FINDING/.test(line)),
      text.join('\n'),
    );
    assert.match(renderMarkdown(report), /\| web-07 \| CRITICAL \| 2\.30 s \|/);
  });

  it('that have one cause are one finding, which names the worst first, and the outlier has its own row', () =>
    checkOneCause(13, '2.01'));

  it('are called after their folders where the files are called alike', async () => {
    const report = await analyzeFiles([
      named('d/east/trace.strace', server([1200])),
      named('d/west/trace.strace', server([])),
    ]);
    assert.deepEqual(
      report.hosts?.map(({ name }) => name),
      ['east', 'west'],
    );
  });

  it('keep different causes apart', async () => {
    const report = await analyzeFiles([
      named('e/one.strace', server([1200], 'GET /a')),
      named('e/two.strace', server([1300], 'GET /b')),
    ]);
    assert.deepEqual(
      causesIn(report.findings).map(({ hosts }) => hosts),
      [['two'], ['one']],
    );
  });

  it('stand in the order of their causes, which are listed in the order in which to act on them', async () => {
    const report = await analyzeFiles([
      named('order/web-1.strace', server([1100])),
      named('order/web-2.strace', server([])),
      named('order/web-3.strace', server([2900, 2900], 'GET /other')),
    ]);
    const names = report.hosts?.map(({ name }) => name);
    assert.deepEqual(names, ['web-3', 'web-1', 'web-2']);
    assert.deepEqual(
      causesIn(report.findings).flatMap(({ hosts, severity }) => (severity === 'critical' ? hosts : [])),
      ['web-3', 'web-1'],
    );
  });

  it('are not made of the files of one strace -ff, which are one server', async () => {
    const text = server([1500]);
    const own = (pid: string): string =>
      text
        .split('\n')
        .filter((line) => line.startsWith(`${pid} `))
        .map((line) => line.replace(/^\d+ +/, ''))
        .join('\n');
    const report = await analyzeFiles(['100', '101', '102'].map((pid) => named(`f/trace.${pid}`, `${own(pid)}\n`)));
    assert.equal(report.hosts, undefined);
    assert.deepEqual(
      report.workers.map(({ pid, host }) => [pid, host]),
      [
        [101, null],
        [102, null],
        [100, null],
      ],
    );
  });

  it('go on without one that is no trace, and say so', async () => {
    const notices: string[] = [];
    const report = await analyzeFiles(
      [named('g/sick.strace', server([1500])), named('g/notes.txt', 'Dear all,\nplease find attached\n')],
      {},
      { notice: (sentence) => notices.push(sentence) },
    );
    assert.match(notices.join('\n'), /^Left out .*notes\.txt: /);
    assert.equal(report.quality.grade, 'partial');
    assert.equal(report.quality.diagnostics.find(({ code }) => code === 'unknown-input')?.count, 1);
  });
});

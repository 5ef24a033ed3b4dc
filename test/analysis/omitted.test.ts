import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MOST_ERRORS, MOST_FINDINGS } from '../../src/analysis/omitted.ts';
import { Connection } from '../../src/model/machine/connections.ts';
import { DescriptorTable } from '../../src/model/machine/descriptor-table.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import { Listeners, MOST_LISTENERS } from '../../src/model/machine/listeners.ts';
import { OpenDescriptors } from '../../src/model/machine/open-descriptors.ts';
import { Processes } from '../../src/model/machine/processes.ts';
import { renderMarkdown } from '../../src/output/markdown.ts';
import { renderText } from '../../src/output/text.ts';
import { analyzed } from '../support/analyzed.ts';
import { Lines } from '../support/lives.ts';
import { buildFinding, buildReport } from '../support/report-builder.ts';

describe('the tables of a report', () => {
  it('list the most frequent errors of a call, and count the failures with others', async () => {
    const lines = new Lines();
    for (let i = 0; i < 301; i++) lines.add(100, `read(3, 0x7ffd, 10) = -1 EODD${i} (Odd) <0.000010>`);
    for (let i = 0; i < 7; i++) lines.add(100, 'read(3, 0x7ffd, 10) = -1 EODD5 (Odd) <0.000010>');
    const { calls, omitted } = await analyzed(lines.toString());
    const [read] = calls;
    const errors = Object.values(read?.errors ?? {});
    assert.equal(errors.length, MOST_ERRORS);
    assert.equal(Object.keys(read?.errors ?? {})[0], 'EODD5');
    assert.equal(errors.reduce((sum, each) => sum + each, 0) + (omitted?.errors ?? 0), 308);
  });

  it('list all errors of a call that any kernel gives', async () => {
    const lines = new Lines();
    for (let i = 0; i < MOST_ERRORS; i++) lines.add(100, `read(3, 0x7ffd, 10) = -1 EODD${i} (Odd) <0.000010>`);
    const { calls, omitted } = await analyzed(lines.toString());
    assert.deepEqual([Object.keys(calls[0]?.errors ?? {}).length, omitted], [MOST_ERRORS, undefined]);
  });

  it('list the worst findings of a kind, and the verdict counts all', async () => {
    const lines = new Lines();
    const workers = MOST_FINDINGS + 31;
    for (let i = 0; i < workers; i++)
      lines.serve(1_000 + i).add(1_000 + i, 'read(10, "GET /a HTTP/1.1\\r\\n\\r\\n", 100) = 18 <0.000005>');
    for (let i = 0; i < 30_000; i++) lines.add(999, 'getppid() = 1 <0.000010>');
    for (let i = 0; i < workers; i++) lines.add(1_000 + i, 'epoll_wait(7, [], 64, 0) = 0 <0.000005>');
    const { findings, omitted, verdict } = await analyzed(lines.toString());
    const stalls = findings.filter(({ kind }) => kind === 'loop-stall').length;
    assert.equal(stalls, MOST_FINDINGS);
    assert.ok((omitted?.findings ?? 0) >= 31);
    // Those that are not listed have the same cause as the first, which counts them.
    assert.match(verdict.text, new RegExp(`^Likely: GET /a holds all ${workers} workers .*\\(${workers}x\\)`));
    assert.doesNotMatch(verdict.text, /more\)/);
  });

  it('say in text and Markdown what they leave out', () => {
    const none = {
      workers: 0,
      calls: 0,
      errors: 0,
      findings: 0,
      time: 0,
      dependencies: 0,
      descriptors: 0,
      listeners: 0,
    };
    const omitted = { ...none, workers: 99_001, errors: 1, findings: 12 };
    const report = { ...buildReport({ findings: [buildFinding({})] }), omitted };
    const sentence = /Left out of this report: 99,001 processes, 1 failed call, 12 findings\./;
    assert.match(renderText(report, { width: 100, colour: false, verbose: 0, ascii: false }), sentence);
    assert.match(renderMarkdown(report), sentence);
    assert.match(renderMarkdown(report), /more than 3 workers/);
  });
});

describe('open descriptors beyond what is followed', () => {
  it('are let go of, first clients that said nothing, then idle ones, never a listener', () => {
    const tables: DescriptorTable[] = [];
    const open = new OpenDescriptors(() => tables, 100);
    const table = new DescriptorTable(open);
    tables.push(table);
    const thread = new Processes().at({ index: 0, tid: 100, comm: '', lastLine: null, pending: null }, 0);
    const listening = new Descriptor('listener', '', true);
    new Listeners().opened(listening, 5, 128);
    table.set(5, listening);
    for (let fd = 10; fd < 109; fd++) {
      const descriptor = new Descriptor('connection', '', true);
      descriptor.connection = new Connection(fd, descriptor, null, thread.loop, fd, 1, '', true);
      // Every second one said something.
      descriptor.connection.used = fd % 2 === 1;
      table.set(fd, descriptor);
    }
    assert.deepEqual([open.count, open.forgotten], [100, 0]);
    table.set(200, new Descriptor('file', '/x', true));
    assert.deepEqual([open.count, open.forgotten], [75, 26]);
    const left = [...table.entries()].map(([fd]) => fd);
    assert.ok(left.includes(5) && left.includes(200));
    assert.deepEqual(
      left.filter((fd) => fd >= 10 && fd < 109 && fd % 2 === 0).slice(0, 2),
      [62, 64],
      'the oldest of those that said nothing went',
    );
    assert.equal(left.filter((fd) => fd % 2 === 1 && fd >= 10).length, 49, 'those that spoke are all there');
    table.end();
    assert.equal(open.count, 0);
  });

  it('are followed up to a million by number, and of higher numbers four thousand', () => {
    const open = new OpenDescriptors(() => []);
    const table = new DescriptorTable(open);
    for (let i = 0; i < 4_103; i++) table.set(2 ** 20 + i * 32_771, new Descriptor('file', '/x', true));
    assert.deepEqual([open.count, open.forgotten], [4_096, 7]);
    table.set(2 ** 20 - 1, new Descriptor('file', '/x', true));
    assert.notEqual(table.get(2 ** 20 - 1), undefined);
    table.delete(2 ** 20);
    // One was closed: there is room for one.
    const copy = new DescriptorTable(open, table);
    for (const each of [table, copy]) {
      for (const fd of [2 ** 29, 2 ** 29 + 1]) each.set(fd, new Descriptor('file', '/y', true));
      assert.deepEqual([each.get(2 ** 29)?.label, each.get(2 ** 29 + 1)], ['/y', undefined]);
    }
    assert.equal(open.forgotten, 9);
  });

  it('count where they were opened, however many processes inherit them', () => {
    const open = new OpenDescriptors(() => []);
    const parent = new DescriptorTable(open);
    for (let fd = 3; fd < 106; fd++) parent.set(fd, new Descriptor('file', '/x', true));
    const children = Array.from({ length: 1_009 }, () => new DescriptorTable(open, parent));
    for (const child of children) {
      child.delete(3);
      child.set(3, new Descriptor('file', '/y', true));
    }
    assert.equal(open.count, 103 + 1_009);
    for (const child of children) child.end();
    assert.equal(open.count, 103);
    parent.keepStandardStreams();
    assert.equal(open.count, 0);
    assert.deepEqual([...parent.entries()], []);
  });
});

describe('listeners beyond what is followed', () => {
  it('are counted, and nothing is kept of them', () => {
    const listeners = new Listeners();
    for (let i = 0; i < MOST_LISTENERS + 17; i++) {
      const descriptor = new Descriptor('socket', `socket:[${i}]`, true);
      assert.equal(listeners.accepted(descriptor, 5, '').isFollowed, i < MOST_LISTENERS);
      assert.equal(listeners.accepted(descriptor, 5, ''), descriptor.listener);
    }
    assert.deepEqual([listeners.all.length, listeners.unfollowed], [MOST_LISTENERS, 17]);
  });
});

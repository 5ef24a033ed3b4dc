import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { AnalysisOptions } from '../../src/analysis/options.ts';
import { titleOnHosts } from '../../src/analysis/title-on-hosts.ts';
import { checkTime } from '../../src/cli/options/part-of-capture.ts';
import { analyzeFiles, type Report } from '../../src/index.ts';
import { renderText } from '../../src/output/text.ts';
import { prefork } from '../support/server-lines.ts';
import { strictComplaints } from '../support/strict-schema.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { ThreadLines } from '../support/thread-lines.ts';
import { turn } from '../support/turns.ts';

const FOLDER = temporaryFolder();

interface Shape {
  readonly ms?: number;
  /** Lengths of stalls of the first worker, each in a request of its own. */
  readonly stalls?: readonly number[];
  readonly request?: string;
  readonly pids?: readonly number[];
}

/** What two workers did who serve until the end. */
function server({ ms = 9_000, stalls = [], request = 'GET /slow', pids = [101, 102] }: Shape = {}): string {
  const { trace, workers } = prefork(pids);
  const [first, second] = workers as [ThreadLines, ThreadLines];
  stalls.forEach((length, index) => {
    turn(first, 1000 + index * 4000, length, () => {}, request);
  });
  const quick = stalls.length > 0 ? [second] : [first, second];
  for (let at = 50, turns = 0; at < ms; at += 130, turns++)
    (quick[turns % quick.length] as ThreadLines).waitUntil(at, 5).serve(11, 'GET /quick');
  for (const worker of [first, second]) worker.waitUntil(Math.max(ms, worker.now));
  return trace.text();
}

/** A program that reads a file, and serves nobody. */
function batch(): string {
  const { trace, workers } = prefork([900]);
  const [only] = workers as [ThreadLines];
  for (let at = 100; at < 5_000; at += 70) only.at(at).call('read(9</var/rows>, "a", ', ')', 1);
  return trace
    .text()
    .split('\n')
    .filter((line) => line.includes('/var/rows'))
    .join('\n')
    .concat('\n');
}

/** The same an hour, or so many seconds, later. */
function later(text: string, seconds: number): string {
  return text.replace(/^(\d+ +)(\d{10})\./gm, (_, pid: string, at: string) => `${pid}${Number(at) + seconds}.`);
}

let folders = 0;

/** The report on captures, each in a file of that name. */
async function reportOn(files: Readonly<Record<string, string>>, options: AnalysisOptions = {}): Promise<Report> {
  const folder = join(FOLDER, String(folders++));
  mkdirSync(folder);
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(folder, `${name}.strace`);
    writeFileSync(path, text);
    return path;
  });
  const report = await analyzeFiles(paths, options);
  assert.deepEqual(strictComplaints(report), []);
  return report;
}

function textOf(report: Report): string {
  return renderText(report, { width: 120, colour: false, ascii: false, verbose: 0 });
}

describe('the verdict on several hosts', () => {
  it('cannot tell where none of their captures can: two short ones an hour apart are no long one', async () => {
    const short = server({ ms: 380 });
    const report = await reportOn({ one: short, two: later(short, 3_600) });
    assert.equal(report.verdict.confidence, 'cannot-tell');
    assert.match(report.verdict.text, /^Cannot tell for both \w+: 3[78]\d ms are too short/);
    assert.ok((report.window.durationMs ?? 0) < 400, `${report.window.durationMs} ms`);
  });

  it('names the hosts that it cannot tell of, and why, beside those that are clear', async () => {
    const report = await reportOn({
      'web-1': server(),
      'web-2': batch(),
      'web-3': server(),
      'web-4': server({ ms: 300 }),
    });
    assert.equal(report.verdict.confidence, 'cannot-tell');
    assert.match(report.verdict.text, /^Cannot tell for 2 of 4 hosts: /);
    assert.match(report.verdict.text, /no worker that accepts connections was seen \(web-2\)/);
    assert.match(report.verdict.text, /are too short \(web-4\)/);
    assert.match(report.verdict.text, /No herd, stall or hang-up found on the other 2\.$/);
    assert.ok(report.verdict.text.length <= 200, report.verdict.text);
  });

  it('counts a capture that could not be read among those that it cannot tell of', async () => {
    const report = await reportOn({ 'web-1': server(), 'web-2': server(), 'web-3': '' });
    assert.match(
      report.verdict.text,
      /^Cannot tell for 1 of 3 hosts: the capture could not be read \(web-3\)\. No herd/,
    );
    assert.deepEqual(report.hosts?.find(({ name }) => name === 'web-3')?.verdict.confidence, 'cannot-tell');
    assert.match(textOf(report), /^web-3 +NO FINDING +- +Cannot tell: the capture could not be read/m);
  });

  it('counts it even where one other capture is all that was read', async () => {
    const report = await reportOn({ 'web-1': server(), 'web-2': '' });
    assert.match(report.verdict.text, /^Cannot tell for 1 of 2 hosts: .*\(web-2\)/);
  });

  it('is clear for a fleet in which each capture is, and says how long each lasted', async () => {
    const names = Array.from({ length: 7 }, (_, index) => `web-${index + 1}`);
    const report = await reportOn(
      Object.fromEntries(names.map((name, index) => [name, server({ ms: 5_000 + index * 1_000 })])),
    );
    assert.deepEqual([report.verdict.severity, report.verdict.confidence], ['none', 'likely']);
    assert.match(
      report.verdict.text,
      /^No herd, stall or hang-up found on 7 hosts in 5\.\d+ s to 11\.\d+ s each \(14 workers, \d+ checks\)$/,
    );
  });

  it('is the finding where one host has one, whatever the others cannot tell', async () => {
    const report = await reportOn({ sick: server({ stalls: [1500] }), short: server({ ms: 300 }) });
    assert.match(report.verdict.text, /^Likely: sick: GET \/slow holds worker 101 for 1\.50 s/);
  });
});

describe('the table of hosts', () => {
  it('puts the words of no host into the mouth of another', async () => {
    const text = textOf(await reportOn({ short: server({ ms: 300 }), job: batch(), well: server() }));
    assert.match(text, /^short +NO FINDING +- +Cannot tell: \d+ ms are too short/m);
    assert.match(text, /^job +NO FINDING +- +Cannot tell: no worker/m);
    assert.match(text, /^well +NO FINDING +- +No herd/m);
  });

  it('has one row for hosts that say the same with other figures', async () => {
    const text = textOf(await reportOn({ a: server({ ms: 300 }), b: server({ ms: 700 }), c: server({ ms: 500 }) }));
    assert.match(text, /^a, b, c +NO FINDING +- +Cannot tell: \d+ ms to \d+ ms are too short/m);
  });

  it('says of each host how bad the same cause is there', async () => {
    // One stall is a warning, where nobody waits; several in which others wait are worse.
    const report = await reportOn({ worse: server({ stalls: [1500, 1500] }), mild: server({ stalls: [250] }) });
    const severities = report.hosts?.map(({ name, verdict }) => [name, verdict.severity]);
    const text = textOf(report);
    for (const [name = '', severity = ''] of severities ?? [])
      assert.match(text, new RegExp(`^${name} +${severity.toUpperCase()} `, 'm'), text);
    assert.notEqual(severities?.[0]?.[1], severities?.[1]?.[1]);
  });

  it('counts further causes only beside the host that has them', async () => {
    const two = `${server({ stalls: [1500] })}${later(server({ stalls: [1300], request: 'GET /other' }), 20)}`;
    const text = textOf(await reportOn({ one: server({ stalls: [1600] }), two }));
    const [row = ''] = text.split('\n').filter((line) => /^(?:one, two|two, one) /.test(line));
    assert.match(row, /GET \/slow/);
    assert.doesNotMatch(row, /\+1 more/);
  });
});

describe('captures of one host', () => {
  it('are called captures where processes have the same numbers at different times', async () => {
    const before = server({ stalls: [1500] });
    const report = await reportOn({ before, after: later(before, 86_400) });
    assert.match(report.verdict.text, /^Likely: Both captures: GET \/slow holds a worker/);
    assert.match(report.quality.notes.join(' '), /before and after .* may be of one host/);
    const text = textOf(report);
    assert.match(text, /^FILE +2 captures {3}/m);
    assert.match(text, /^CAPTURES /m);
    assert.doesNotMatch(text, /\bhosts\b/i);
  });

  it('are hosts where equal numbers were there at the same time', async () => {
    const report = await reportOn({ east: server({ stalls: [1500] }), west: server({ stalls: [1500] }) });
    assert.match(report.verdict.text, /^Likely: Both hosts: /);
    assert.doesNotMatch(report.quality.notes.join(' '), /one host/);
  });

  it('are hosts where their processes have other numbers, whenever they were recorded', async () => {
    const other = later(server({ stalls: [1500], pids: [501, 502] }), 60).replace(/^100 /gm, '500 ');
    const report = await reportOn({ east: server({ stalls: [1500] }), west: other });
    assert.match(report.verdict.text, /^Likely: Both hosts: /);
  });
});

describe('a part of the time of several captures', () => {
  const at = (seconds: number) => ({ kind: 'epoch', seconds: 1_795_140_800 + seconds, nanoseconds: 0 }) as const;

  it('is told of the host that was recorded then, whichever is named first', async () => {
    const early = server({ pids: [201, 202] });
    const late = later(server(), 3_600);
    for (const files of [
      { early, late },
      { late, early },
    ]) {
      const report = await reportOn(files, { from: at(3_601), to: at(3_606) });
      assert.match(
        report.verdict.text,
        /^Cannot tell for 1 of 2 hosts: nothing of the capture lies between --from and --to \(early\)\. No herd/,
      );
      assert.doesNotThrow(() => checkTime(report));
      assert.equal(report.window.durationMs, 5_000);
      assert.match(textOf(report), /^early +NO FINDING +- +Cannot tell: nothing of the capture lies between/m);
    }
  });

  it('in which nobody was recorded is an error that says what there is', async () => {
    const report = await reportOn({ early: server(), late: server() }, { from: at(500) });
    assert.throws(() => checkTime(report), /Nothing of the trace lies between --from and --to/);
  });

  it('cannot be chosen in a capture without times, which says so', async () => {
    const bare = server().replace(/^(\d+ +)\d{10}\.\d+ /gm, '$1');
    const { quality } = await reportOn({ bare }, { from: at(3) });
    assert.match(
      quality.notes.join(' '),
      /--from or --to was left aside: this capture has no times\. .* about all of it/,
    );
  });
});

describe('titles on several hosts', () => {
  const TITLE = 'GET /orders/list holds worker 4870 up to 2.17 s (3x): waits for 10.0.0.7:5432 (recvfrom)';

  it('give way to whom it waits for, and never end inside a number', () => {
    for (const names of [['web-1'], ['a-host-with-a-long-name-in-europe-west'], ['a', 'b'], ['a', 'b', 'c']])
      for (const count of [3, 40]) {
        const title = titleOnHosts(TITLE, names, count, 'capture');
        assert.ok(title.length <= 78, title);
        assert.doesNotMatch(title, /\d ?\.\.\.$/);
        // A long name leaves room for the request alone.
        if (names[0] === 'a-host-with-a-long-name-in-europe-west')
          assert.match(title, /GET \/orders\/list takes .*\.\.\.$/);
        else assert.match(title, /up to 2\.17 s: waits for 10\.0\.0\.7:5432$/, title);
        if (names.length > 1) assert.doesNotMatch(title, /4870|3x/, title);
      }
  });

  it('keep the address of a service before what it speaks', () => {
    const title = 'GET /ping holds both workers up to 2.17 s: waits for PostgreSQL 10.0.0.7:5432';
    for (const count of [40, 400])
      assert.match(
        titleOnHosts(title, ['a', 'b', 'c'], count, 'capture'),
        /: waits for (?:PostgreSQL )?10\.0\.0\.7:5432$/,
      );
    const one = 'GET /ping holds worker 301 up to 2.17 s: waits for PostgreSQL 10.0.0.7:5432';
    assert.match(
      titleOnHosts(one, ['a', 'b', 'c'], 40, 'host'),
      /holds a worker up to 2\.17 s: waits for 10\.0\.0\.7:5432$/,
    );
  });

  it('say "up to" where one worker of each had it once, but not for equally long', () => {
    assert.equal(
      titleOnHosts('GET /b holds worker 7 for 1.00 s: no system call', ['a', 'b'], 2, 'host'),
      'Both hosts: GET /b holds a worker up to 1.00 s: no system call',
    );
  });
});

it('containers that count from 1 are hosts, though some were recorded one after the other', async () => {
  const sick = server({ stalls: [1500] });
  const report = await reportOn({ a: sick, b: sick, c: later(sick, 3_600) });
  assert.match(report.verdict.text, /^Likely: All 3 hosts: /);
});

it('captures that were recorded in different ways are not described as the first one', async () => {
  const report = await reportOn({ a: server(), b: server().replace(/ <\d+\.\d+>$/gm, '') });
  assert.match(textOf(report), /strace, recorded in different ways/);
});

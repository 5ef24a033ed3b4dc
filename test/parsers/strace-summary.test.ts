import assert from 'node:assert/strict';
import test from 'node:test';
import { straceSummaryFormat } from '../../parsers/strace-summary/format.ts';
import { meaningOfCallTimes } from '../../src/output/wording.ts';
import { analyzed } from '../support/analyzed.ts';
import { type ReadTrace, readTrace, unaccounted } from './read-trace.ts';

function read(text: string): ReadTrace {
  const result = readTrace(text, { format: straceSummaryFormat });
  assert.equal(unaccounted(result.account), 0, text);
  return result;
}

const TABLE = [
  'Hello, world!',
  '^Cstrace: Process 7 detached',
  '% time     seconds  usecs/call     calls    errors syscall',
  '------ ----------- ----------- --------- --------- ----------------',
  ' 34.45    1.095142      273785         4         1 clock_nanosleep',
  ' 33,78    0,000229          28         7           mmap',
  '------ ----------- ----------- --------- --------- ----------------',
  '100.00    3.178868       20776       153        24 total',
  '',
].join('\n');

test('each row counts calls, with and without errors', () => {
  const { others, account } = read(TABLE);
  assert.deepEqual(
    others.map(({ call, count, errors }) => [call, count, errors]),
    [
      ['clock_nanosleep', 4, [['?', 1]]],
      ['mmap', 7, []],
    ],
  );
  assert.deepEqual([account.counts, account.notices, account.foreign], [6, 1, 1]);
});

test('times are believed when a call that waits took long, or a column says so', () => {
  assert.deepEqual(read(TABLE).flags.others, ['-c', '-w']);
  assert.deepEqual(read(TABLE.replace('1.095142', '0.000142')).flags.others, ['-c']);
  assert.deepEqual(
    read('wall-total  calls syscall\n---------- ------ -------\n  0.000003     11 read\n').flags.others,
    ['-c', '-w'],
  );
});

test('of processor time and of time on the clock side by side, those of the clock are meant', async () => {
  const report = await analyzed(
    'seconds wall-total wall-max calls errors syscall\n-------- ---------- -------- ----- ------ -------\n' +
      '0.002521   0.054119 0.040000     4      2 wait4\n0.000913   0.001613 0.000100    68     64 newfstatat\n',
  );
  assert.deepEqual(
    report.calls.map(({ call, totalMs, maxMs }) => [call, totalMs, maxMs]),
    [
      ['wait4', 54.119, 40],
      ['newfstatat', 1.613, 0.1],
    ],
  );
  assert.match(meaningOfCallTimes(report.source), /waiting included$/);
  // Without the sum of the clock only the other sum can be shown.
  const { others } = read(
    'seconds wall-max calls syscall\n------- -------- ----- -------\n0.000003 0.000100 11 read\n',
  ).flags;
  assert.deepEqual(others, ['-c']);
});

test('of a table without -w the times are what the kernel computed, and the report says so', async () => {
  const table = TABLE.replace('1.095142', '0.000142');
  const report = await analyzed(table);
  assert.deepEqual(
    report.calls.map(({ call, totalMs }) => [call, totalMs]),
    [
      ['mmap', 0.229],
      ['clock_nanosleep', 0.142],
    ],
  );
  assert.equal(meaningOfCallTimes(report.source), 'time that the kernel computed (-c without -w); waiting is left out');
  assert.match(meaningOfCallTimes((await analyzed(TABLE)).source), /waiting included$/);
  assert.match(report.verdict.text, /^Cannot tell: .* mmap has 61\.7 % of the time\.$/);
});

test('a header without its first characters, and a total without average, are read', () => {
  const { account, others } = read(
    'time     seconds  usecs/call     calls    errors syscall\n------ ---------\n 59.63 1271.830170        1981    641698        19 poll\n100.00 2133.000000                9500000     24 total\n',
  );
  assert.deepEqual([account.counts, others.length], [4, 1]);
});

test('a report on a table has its counts, and only detectors of counts judge by them', async () => {
  const report = await analyzed(TABLE);
  assert.deepEqual(
    report.calls.map(({ call, count, errors, totalMs }) => [call, count, errors, totalMs]),
    [
      ['clock_nanosleep', 4, { '?': 1 }, 1095.142],
      ['mmap', 7, {}, 0.229],
    ],
  );
  // One of the 11 calls failed, which is no storm; seven mmaps and four sleeps are no spin.
  const { 'error-storm': storm, 'busy-poll': spin, ...others } = report.outcomes;
  assert.deepEqual([storm?.status, spin?.status], ['clear', 'not-applicable']);
  for (const outcome of Object.values(others))
    assert.match(`${outcome?.status} ${outcome?.reason}`, /not-applicable .*strace -f -ttt -T/);
});

test('a table is read as others put it down: quoted, numbered, indented, collected, or as HTML', () => {
  const forms: readonly ((line: string, index: number) => string)[] = [
    (line) => `> ${line}`,
    (line, index) => `${String(index + 1).padStart(6)}\t${line}`,
    (line) => `    ${line}`,
    (line) => `web-1  | ${line}`,
    (line) => `Nov 27 14:00:01 web-1 app[812]: ${line}`,
    (line) => `\x1b[32m${line}\x1b[0m`,
    (line) => `<p>${line}</p>`,
    (line) => line.replaceAll(' ', '\u00a0'),
  ];
  for (const form of forms) {
    const { others } = read(TABLE.trimEnd().split('\n').slice(2).map(form).join('\n'));
    assert.deepEqual(
      others.map(({ call, count, errors }) => [call, count, errors]),
      [
        ['clock_nanosleep', 4, [['?', 1]]],
        ['mmap', 7, []],
      ],
      form('% time', 0),
    );
  }
});

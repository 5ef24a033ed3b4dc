import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import type { AnalysisSights } from '../../src/pipeline/analysis-messages.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { captureSoFar } from '../../src/pipeline/capture-so-far.ts';
import { OpenFindings } from '../../src/pipeline/open-findings.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
const MS = 1_000_000;
const START = 7_000_000_000_000;
const NAME = 'trace.bpftrace';

/** A request every 100 ms of worker 101 up to 2,913 ms, when it goes to sleep, and of worker 103 up to 3,900 ms. */
function capture(): string {
  const lines: { readonly at: number; readonly text: string }[] = [];
  const call = (
    pid: number,
    from: number,
    to: number,
    number: number,
    result: number,
    words: string,
    data = '',
  ): void => {
    const times = `ts=${START + from * MS} dur=${(to - from) * MS}`;
    lines.push({
      at: to,
      text: `${times} pid=${pid} tid=${pid} nr=${number} ret=${result} a=${words} data=${data}`,
    });
  };
  for (const [pid, until] of [
    [101, 2_900],
    [103, 3_900],
  ] as const)
    for (let at = 100 + (pid - 101) * 7; at <= until; at += 100) {
      call(pid, at - 90, at, 232, 1, '7,7f01,40,3e8', '\\x01\\x00\\x00\\x00\\x05\\x00\\x00\\x00\\x00\\x00\\x00\\x00');
      call(pid, at, at + 1, 288, 11, '5,0,0,80800');
      call(pid, at + 1, at + 2, 45, 18, 'b,7f02,2000,0', 'GET / HTTP/1.1\\x0d\\x0a\\x0d\\x0a');
      if (pid === 101 && at === until) break;
      call(pid, at + 3, at + 4, 44, 17, 'b,7f02,11,0', 'HTTP/1.1 200 OK\\x0d\\x0a');
      call(pid, at + 4, at + 5, 3, 0, 'b,0,0,0');
    }
  const ordered = lines.toSorted((a, b) => a.at - b.at).map(({ text }) => text);
  return [
    ...[101, 103].flatMap((pid) => [
      `event=fd pid=${pid} fd=5 is=TCP:[127.0.0.1:8000]`,
      `event=fd pid=${pid} fd=7 is=anon_inode:[eventpoll]`,
    ]),
    `event=start program=calls version=1 machine=x86-64 ts=${START} clock=1795140800.000000`,
    ...ordered,
    '',
  ].join('\n');
}

/** Looks at 3,930 ms: worker 101 has been asleep for 1,000 ms, 103 is in its wait. */
function sights(): AnalysisSights {
  const seen = (pid: number, name: string, forMs: number): string =>
    `event=seen ts=${START + 3_930 * MS} for=${forMs * MS} pid=${pid} tid=${pid} parent=99 call=${name} ran=0 ` +
    'clients=1 comm=gunicorn';
  const lines = [
    `event=start program=calls version=1 machine=x86-64 ts=${START} clock=1795140800.000000`,
    `event=end ts=${START + 3_940 * MS}`,
    // When its call began is known to a look.
    `@in[101]: (${START + 2_430 * MS}, 230, 0, 0, 0, 0)`,
    seen(101, 'clock_nanosleep', 1_000),
    seen(103, 'epoll_wait', 20),
    '',
  ];
  const elsewhere = new Map([
    [101, 1_500 * MS],
    [103, 30 * MS],
  ]);
  return { kind: 'sights', lines: lines.join('\n'), elsewhere, lastIsOpen: false, isAway: true };
}

const titles = (report: Report | null): readonly string[] =>
  (report?.findings ?? []).filter(({ openEnded }) => openEnded).map(({ severity, title }) => `${severity} ${title}`);

function written(name: string): string {
  const path = join(FOLDER, name);
  writeFileSync(path, capture());
  return path;
}

test('a worker that went away in the second that the reader holds back is reported from what is there', async () => {
  const path = written('ahead');
  const told = await new Promise<Report | null>((tell) => {
    new OpenFindings({ name: NAME, path, options: {}, tell }).lookAhead(sights());
  });
  assert.deepEqual(titles(told), [
    'critical GET / holds worker 101 at least 1.03 s: sleeps (clock_nanosleep)',
    'warning GET / holds worker 101 at least 1.03 s: sleeps (clock_nanosleep)',
  ]);

  // Whoever reads along knows only what the kernel says of it.
  const { lines, elsewhere } = sights();
  let open: Report | null = null;
  const input = captureSoFar(NAME, path, { lines: '', lastIsOpen: false });
  await analyzeInputs(
    { kind: 'live', paths: [NAME], inputs: [input], leftOut: [], notices: [] },
    { growing: true, goesOn: true },
    {
      progress: (progress) => {
        open ??= progress.open({ lines, elsewhere });
      },
    },
  );
  assert.match(titles(open)[0] ?? '', /^critical GET \/ holds worker 101 at least 1\.00 s/);
});

test('nothing is told of who came back while the report was made', async () => {
  const path = written('back');
  let told = 0;
  const open = new OpenFindings({ name: NAME, path, options: {}, tell: () => told++ });
  open.lookAhead(sights());
  open.forget();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(told, 0);
});

test('what was seen while a report was made is reported after it', async () => {
  const path = written('again');
  let told = 0;
  const twice = new Promise<void>((resolve) => {
    const open = new OpenFindings({
      name: NAME,
      path,
      options: {},
      tell: () => {
        if (++told === 2) resolve();
      },
    });
    open.lookAhead(sights());
    open.lookAhead(sights());
  });
  await twice;
  assert.equal(told, 2);
});

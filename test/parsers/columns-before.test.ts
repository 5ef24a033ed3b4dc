import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { describeUnknown } from '../../parsers/not-a-trace.ts';
import { packingOf, Unpacking } from '../../parsers/packed-lines.ts';
import { detectFormat } from '../../parsers/registry.ts';
import { analyzed } from '../support/analyzed.ts';
import { workerLines } from '../support/worker-lines.ts';

const STRACE = [
  '15114 1795697663.284372 epoll_wait(6<anon_inode:[eventpoll]>,  <unfinished ...>',
  '15297 1795697663.284536 read(7, "a: b | c", 64) = 8 <0.000017>',
  '15114 1795697663.284571 <... epoll_wait resumed>[], 64, 100) = 0 <0.000199>',
  '15100 1795697663.284615 close(7) = 0 <0.000011>',
  '15100 1795697663.284815 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1} ---',
  '15100 1795697663.284915 +++ killed by SIGTERM +++',
];
const BPFTRACE = [
  'event=start program=calls version=1 machine=x86-64 ts=1422892140000 clock=1795568264.330464',
  'event=fd pid=16202 fd=5 is=socket:[2294338]',
  'ts=1422892140821 dur=12028 pid=16202 tid=16202 nr=43 ret=0 a=6,0,0,7f98 data=',
  'ts=1422892150821 dur=12028 pid=16202 tid=16203 nr=3 ret=0 a=6 data=',
  'event=exit pid=16202 tid=16203 ts=1422892160821 comm=a',
];
const PERF = [
  '     0.032 ( 0.022 ms): herd/4679 accept4(fd: 3<socket:[1511628]>, flags: 524288) = 5',
  '         ? (         ): herd/4680  ... [continued]: futex())                          = 0',
  '    17.032 ( 0.011 ms): herd/4680 close(fd: 5)                                        = 0',
  '   117.032 ( 0.002 ms): herd/4681 getpid()                                            = 4681 (herd)',
];
const TRACES = { strace: STRACE, bpftrace: BPFTRACE, perf: PERF };

type Column = (n: number) => string;
const clock = (n: number): string => `10:00:0${n}`;
/** What stands before line `n`, by the program that puts it there. */
const COLUMNS: Readonly<Record<string, Column>> = {
  'docker compose': () => 'app-1  | ',
  'docker compose -t': (n) => `app-1  | 2026-11-28T${clock(n)}.123456789Z `,
  'kubectl logs --prefix': () => '[pod/app-7f9c/web] ',
  'kubectl logs --timestamps': (n) => `2026-11-28T${clock(n)}.123456789Z `,
  stern: () => 'app-7f9c-x2x1z web ',
  kail: () => 'default/app-7f9c-x2x1z[web]: ',
  'the journal': (n) => `Nov 28 ${clock(n)} web1 strace[4712]: `,
  'syslog with structured data': (n) =>
    `<13>1 2026-11-28T${clock(n)}.1+00:00 web1 strace 4712 - [timeQuality tzKnown="1" isSynced="1"] `,
  ts: (n) => `Nov 28 ${clock(n)} `,
  'ts -s': (n) => `00:00:0${n} `,
  'ts %.s': (n) => `179569766${n}.284372 `,
  multilog: (n) => `@40000000692978a${n}2f0d1a34 `,
  svlogd: (n) => `2026-11-28_${clock(n)}.12345 `,
  'a level': () => 'INFO  ',
  'a level in brackets': () => '[INFO] ',
  'Python, as it logs by itself': () => 'INFO:strace:',
  'Python, with a time': (n) => `2026-11-28 ${clock(n)},123 - strace - INFO - `,
  'Spring Boot': (n) => `2026-11-28T${clock(n)}.123Z  INFO 1 --- [main] c.e.Tracer : `,
  logback: (n) => `${clock(n)}.123 [main] ${n % 2 === 0 ? 'INFO ' : 'DEBUG'} c.e.Tracer - `,
  glog: (n) => `I1128 ${clock(n)}.123456    4712 tracer.go:42] `,
  Heroku: (n) => `2026-11-28T${clock(n)}.123456+00:00 app[web.1]: `,
  foreman: (n) => `${clock(n)} web.1  | `,
  BuildKit: (n) => `#12 ${n}.123 `,
  'GitLab, of a job': (n) => `2026-11-28T${clock(n)}.123456Z 01O `,
  terraform: () => 'null_resource.x (remote-exec): ',
  bat: (n) => `${String(n + 1).padStart(4)} \u2502 `,
  'bat, without numbers': () => '\u2502 ',
  'grep -n': (n) => `${n + 1}:`,
  'grep -H, of lines with times': (n) => `app.log:2026-11-28T${clock(n)}.123456789Z `,
  nl: (n) => `${String(n + 1).padStart(6)}  `,
  'vim with relative numbers': (n) => (n === 2 ? '3   ' : `${String(Math.abs(n - 2)).padStart(3)} `),
  'uniq -c': () => '      1 ',
  'a list with numbers': (n) => `${n + 1}. `,
  'a quote': () => '> ',
  'a difference': () => '+',
};

function unpacked(text: string): string[] {
  const bytes = Buffer.from(text);
  const packing = packingOf(bytes);
  assert.notEqual(packing, null);
  const unpacking = new Unpacking(packing as NonNullable<typeof packing>);
  const parts = [unpacking.push(bytes), unpacking.end()];
  return Buffer.concat(parts).toString().trimEnd().split('\n');
}

describe('what others put before each line is taken off', () => {
  for (const [name, column] of Object.entries(COLUMNS))
    for (const [format, lines] of Object.entries(TRACES))
      it(`of ${format}: ${name}`, () => {
        const found = unpacked(`${lines.map((line, n) => `${column(n)}${line}`).join('\n')}\n`);
        // Blanks in front say nothing in the text of perf.
        const seen = (text: string): string => (format === 'perf' ? text.trimStart() : text);
        assert.deepEqual(found.map(seen), lines.map(seen));
      });

  it('and lines of other programs that do not have it stay as they are', () => {
    const others = ['Traceback (most recent call last):', '  File "/srv/app.py", line 12, in view'];
    const lines = STRACE.map((line) => `INFO  ${line}`);
    const found = unpacked(`${[...lines.slice(0, 3), ...others, ...lines.slice(3)].join('\n')}\n`);
    assert.deepEqual(found, [...STRACE.slice(0, 3), ...others, ...STRACE.slice(3)]);
  });

  it('but nothing of a trace as its tracer wrote it', () => {
    for (const lines of Object.values(TRACES)) assert.equal(packingOf(Buffer.from(`${lines.join('\n')}\n`)), null);
    assert.equal(packingOf(Buffer.from(workerLines({ count: 101 }))), null);
  });

  it('nor of what a program for bpftrace prints in the manner of strace', () => {
    const own = [1, 2, 3, 4].map(
      (n) => `16:46:55.10757${n} gunicorn[140${n}] epoll_wait(epfd=7) = 0 after 100111${n} us`,
    );
    assert.equal(packingOf(Buffer.from(`Attaching 7 probes...\n${own.join('\n')}\n`)), null);
  });

  it('nor of another tracer, whose calls would then read as those of a format', () => {
    const sysdig = Array.from({ length: 12 }, (_, n) => [
      `${n}1 16:52:43.7299${n + 10}123 0 gunicorn (4711) > accept4 flags=0 `,
      `${n}2 16:52:43.7299${n + 10}456 0 gunicorn (4711) < accept4 fd=9(<4t>127.0.0.1:40000->127.0.0.1:8000) `,
    ]).flat();
    const truss = Array.from({ length: 12 }, (_, n) => `4711/1:\t 0.01${n + 10}\taccept(4, 0x0804789C) = ${n}`);
    for (const lines of [sysdig, truss]) {
      const head = Buffer.from(`${lines.join('\n')}\n`);
      assert.equal(packingOf(head), null);
      assert.equal(detectFormat(head), null);
      assert.match(describeUnknown(head), /^output of (?:sysdig|truss)/);
    }
  });

  it('and its times stand in where the trace has none', () => {
    const untimed = STRACE.map((line) => line.replace(/ 179\S+/, ''));
    const found = unpacked(
      `${untimed.map((line, n) => `I1128 ${clock(n)}.123456  4712 a.go:4] ${line}`).join('\n')}\n`,
    );
    assert.equal(found[3], '15100 10:00:03.123456 close(7) = 0 <0.000011>');
  });
});

/** Enough lines to see at which width they were broken. */
const longer = (lines: readonly string[]): string[] =>
  Array.from({ length: 12 }, (_, n) => lines.map((line) => line.replace(/(\d)(?=\d{3}[ .])/, String(n % 10)))).flat();

describe('lines that a terminal broke are put together', () => {
  const broken = (lines: readonly string[], width: number): string[] =>
    lines.flatMap((line) => line.match(new RegExp(`.{1,${width}}`, 'g')) ?? ['']);
  for (const [format, lines] of Object.entries(TRACES))
    for (const width of [64, 78])
      it(`of ${format}, at ${width} columns, also behind those of others`, () => {
        const whole = longer(lines);
        const read = (text: readonly string[]): string[] =>
          unpacked(`${text.join('\n')}\n`).filter((line) => line !== '');
        assert.deepEqual(read(broken(whole, width)), whole);
        // By the terminal, behind columns that the first piece has; by bat, between its gutter and the line.
        const column = '[pod/web] ';
        assert.deepEqual(
          read(
            broken(
              whole.map((line) => `${column}${line}`),
              width + column.length,
            ),
          ),
          whole,
        );
        assert.deepEqual(read(broken(whole, width).map((line) => `     \u2502 ${line}`)), whole);
      });

  it('but not where a program writes lines of one length in the middle of its calls', () => {
    const calls = Array.from({ length: 12 }, (_, n) => [
      `[pid 25141] write(1, "${'x'.repeat(40)} ${n + 10}\\n", 44${'x'.repeat(40)} ${n + 10}`,
      ')    = 44',
      '[pid 25142] close(7) = 0',
    ]);
    assert.equal(packingOf(Buffer.from(`${calls.flat().join('\n')}\n`)), null);
  });

  it('but not where the longest lines are whole: the next one begins like any other', () => {
    const same = Array.from(
      { length: 40 },
      (_, n) => `7 1795697663.2843${n + 10} accept4(3, NULL, NULL, 0) = 5 <0.000017>`,
    );
    assert.equal(packingOf(Buffer.from(`${same.join('\n')}\n`)), null);
    assert.deepEqual(unpacked(`${same.map((line) => `a-1  | ${line}`).join('\n')}\n`), same);
  });
});

describe('lines that stand there twice', () => {
  for (const [format, lines] of Object.entries(TRACES))
    it(`are read once, of ${format}`, () => {
      const whole = longer(lines);
      const found = unpacked(`${whole.flatMap((line) => [line, line]).join('\n')}\n`);
      assert.deepEqual(
        found.filter((line) => line !== ''),
        whole,
      );
    });

  it('are calls of their own where no time tells them apart', () => {
    const line = '7 accept4(3, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)';
    assert.equal(packingOf(Buffer.from(`${Array.from({ length: 40 }, () => line).join('\n')}\n`)), null);
  });
});

describe('what was done to the lines', () => {
  const codesOf = async (text: string): Promise<string[]> =>
    (await analyzed(text)).quality.diagnostics
      .map(({ code }) => code)
      .filter((code) => /^(?:columns-before|wrapped-lines|doubled-lines)$/.test(code));
  const whole = longer(TRACES.strace);

  it('is told, and nothing where nothing was done', async () => {
    assert.deepEqual(await codesOf(`${whole.join('\n')}\n`), []);
    assert.deepEqual(await codesOf(`${whole.map((line) => `a-1  | ${line}`).join('\n')}\n`), ['columns-before']);
    assert.deepEqual(await codesOf(`${whole.flatMap((line) => [line, line]).join('\n')}\n`), ['doubled-lines']);
    const broken = whole.flatMap((line) => line.match(/.{1,80}/g) ?? []);
    assert.deepEqual(await codesOf(`${broken.join('\n')}\n`), ['wrapped-lines']);
  });
});

describe('a clock that was set forward', () => {
  const START = 1_795_200_000;
  const stamp = (seconds: number): string => (START + seconds + (seconds < 10 ? 0 : 30)).toFixed(6);
  /** Thread 7 works, thread 8 waits across the leap of 30 s. */
  const lines = [
    ...Array.from({ length: 50 }, (_, n) => `7 ${stamp(9 + n * 0.019)} getpid() = 7 <0.000010>`),
    `8 ${stamp(9.96)} epoll_wait(3,  <unfinished ...>`,
    `8 ${stamp(10.06)} <... epoll_wait resumed>[], 64, 100) = 0 <0.100000>`,
    ...Array.from({ length: 100 }, (_, n) => `7 ${stamp(10.07 + n * 0.01)} getppid() = 1 <0.000010>`),
  ];
  for (const column of ['', '[pod/app-7f9c/web] ', '2026-11-28T10:00:00.123456789Z ', 'INFO  '])
    it(`is told behind ${column === '' ? 'nothing' : `"${column}"`}`, async () => {
      const report = await analyzed(`${lines.map((line) => `${column}${line}`).join('\n')}\n`);
      assert.equal(report.quality.diagnostics.find(({ code }) => code === 'clock-leap')?.count, 1);
      assert.ok((report.window.durationMs ?? 0) < 3_000, String(report.window.durationMs));
    });
});

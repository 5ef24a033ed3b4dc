import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readTrace, unaccounted } from './read-trace.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));
const WINDOW = 150_000;

/** Real captures of the project, by name. */
const captures = readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.strace.gz'))
  .sort()
  .map((name) => ({ name, bytes: gunzipSync(readFileSync(join(SAMPLES, name))) }));

/** Lines that hold every odd shape: what real captures of the project do not show. */
const ODD = [
  'execve("/a", ["a"], 0x7f /* 3 vars */) = 0',
  'clone(child_stack=NULL, flags=SIGCHLDstrace: Process 25141 attached',
  ', child_tidptr=0x7f22) = 25141',
  '[pid 25140] 12:00:00.000001 wait4(25143,  <unfinished ...>',
  '[pid 25141] write(2, "line one\\nline two\\n", 18line one',
  'line two',
  ')    = 18',
  '[pid 25141] accept4(3<TCP:[127.0.0.1:80]>, 0x7f, [16], 0) = -1 EAGAIN (Ресурс) (INJECTED) <0.000001>',
  '[pid 25141] openat(AT_FDCWD</srv>, "a\\"b) = 3", O_RDONLY) = 3</srv/a"b) = 3> <0.000017>',
  ' > /usr/lib/libc.so.6(accept4+0x13) [0x10af63]',
  '[pid 25141] --- SIGPIPE {si_signo=SIGPIPE} ---',
  '[pid 25140] <... wait4 resumed>NULL, 0, NULL) = 25143 <1.000001>',
  '[pid 25141] +++ superseded by execve in pid 25140 +++',
  '7 1795189522.000001 \x1b[33mclose\x1b[0m(3) = 0',
  '    7 1795189522.000001 read(3, "abc',
  '% time     seconds  usecs/call     calls    errors syscall',
  '[pid 25140] +++ killed by SIGKILL +++',
  'poll([{fd=0, events=POLLIN}], 1, -1',
].join('\n');

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Small windows of real captures, cut anywhere, and the odd lines. */
function windows(seed: number, count: number, length: number): Buffer[] {
  const next = random(seed);
  return Array.from({ length: count }, (_, i) => {
    if (i % 5 === 0) return Buffer.from(ODD);
    const { bytes } = captures[next(captures.length)] as (typeof captures)[number];
    const at = next(Math.max(1, bytes.length - length));
    return Buffer.from(bytes.subarray(at, at + length));
  });
}

/** What must hold for any input. */
function check(trace: Buffer, what: string): void {
  const { account, records, inFlight } = readTrace(trace);
  assert.equal(unaccounted(account), 0, what);
  for (const record of [...records, ...inFlight]) {
    if (record.kind === 'call')
      assert.ok(
        record.end >= record.start && record.startLine <= record.line && record.line <= account.lines,
        `${what}: ${record.text}`,
      );
  }
}

test('there are captures to test with', () => {
  assert.ok(captures.length > 0, 'samples/**/*.strace.gz');
});

for (const { name, bytes } of captures) {
  test(`every line of samples/${name} is understood`, () => {
    const { account, codes } = readTrace(bytes);
    assert.deepEqual(
      [unaccounted(account), account.unparsed, account.foreign, account.continued],
      [0, 0, 0, 0],
      JSON.stringify(codes),
    );
    assert.ok(account.calls + account.resumed > 100);
  });
}

test('any cut into chunks gives the same records, in the middle of captures too', () => {
  for (const { name, bytes } of captures) {
    const start = bytes.length > 2 * WINDOW ? bytes.length >> 1 : 0;
    const trace = bytes.subarray(start, start + WINDOW);
    const whole = readTrace(trace);
    for (const chunks of [[100], [4_096], [65_536], [1, 5_000, 3, 77, 20_011]])
      assert.deepEqual(readTrace(trace, { chunks }), whole, `${name} ${chunks}`);
  }
  for (const trace of windows(3, 41, 3_000)) {
    const whole = readTrace(trace);
    for (const size of [1, 2, 3, 7, 13]) assert.deepEqual(readTrace(trace, { chunks: [size] }), whole, String(size));
  }
});

test('a capture that ends anywhere is read, and accounts for its lines', () => {
  for (const trace of windows(11, 13, 700)) {
    for (let end = 0; end <= trace.length; end++) check(trace.subarray(0, end), trace.toString('latin1', 0, end));
  }
});

test('damaged bytes never stop the parser, and the lines still add up', () => {
  const next = random(17);
  const special = Buffer.from('"()[]{}<>\\=-+. \n\r\0\x1b0123456789?#:,/*%&;');
  for (const trace of windows(5, 3_001, 1_500)) {
    for (let flips = next(20); flips >= 0; flips--)
      trace[next(trace.length)] = next(2) === 0 ? next(256) : (special[next(special.length)] as number);
    check(trace, trace.toString('latin1'));
  }
});

test('lines in any order, doubled or left out, never stop the parser', () => {
  const next = random(23);
  for (const trace of windows(7, 1_009, 2_000)) {
    const lines = trace.toString('latin1').split('\n');
    const shuffled = lines.map(() => lines[next(lines.length)]).join('\n');
    check(Buffer.from(shuffled, 'latin1'), shuffled);
  }
});

test('long lines of any bracket, quote or mark are read in linear time', () => {
  const pieces = [
    'a',
    ' ',
    '(',
    '[',
    '"',
    '\\',
    '3<',
    '[pid 1<',
    ' 1] ',
    'Process 1 attached',
    'strace: Process ',
    '&lt;',
    '\x1b[',
    '/*',
    '1',
    ' <unfinished ...>',
    ') = -1 EAGAIN (x)',
    '--- SIGPIPE {',
    'AT_FDCWD<',
    ' > a(b+0x1) [0x',
    '\0',
    '\xff',
    ', ',
  ];
  const leads = [
    '',
    'read(3, ',
    'write(1, "',
    'write(1, "x", ',
    'write(1, [{iov_base="',
    '<... read resumed>',
    '[pid 100] 12:00:00.000001 write(2, "',
    '--- SIG',
    ' > ',
  ];
  for (const lead of leads) {
    for (const piece of pieces) {
      const trace = Buffer.from(`close(3) = 0\n${lead}${piece.repeat(300_000 / piece.length)}\n`, 'latin1');
      const started = performance.now();
      const { account } = readTrace(trace, { chunks: [65_536] });
      assert.ok(performance.now() - started < 2_000, `${lead}${piece}`);
      assert.deepEqual([account.lines, unaccounted(account)], [2, 0]);
    }
  }
});

test('thousands of threads are told apart, and forgotten when they end', () => {
  const pids = Array.from({ length: 7_919 }, (_, i) => 100 + i * 3);
  const round = (line: (pid: number, i: number) => string): string =>
    pids.map((pid, i) => `${pid} 1795189522.${String(i).padStart(6, '0')} ${line(pid, i)}\n`).join('');
  const trace = `${round((pid) => `read(${pid},  <unfinished ...>`)}${round(() => '+++ exited with 0 +++')}${round((pid) => `close(${pid}) = 0`)}`;
  const { calls, others, inFlight } = readTrace(trace, { chunks: [65_536] });
  assert.deepEqual(
    [calls.length, others.length, inFlight.length, new Set(calls.map((call) => call.lane)).size],
    [15_838, 7_919, 0, 15_838],
  );
  assert.ok(calls.every((call) => call.fd === call.tid));
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { bpftraceFormat } from '../../parsers/bpftrace/format.ts';
import { asJson, bytes, printed, START } from '../support/printed-lines.ts';
import { type ReadTrace, readTrace, unaccounted } from './read-trace.ts';

const format = bpftraceFormat;

function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const OTHER_LINES = [
  'Attaching 8 probes...',
  '',
  'Lost 17 events',
  'x=1Lost 3 events',
  'WARNING: Total lost event count: 41',
  'ERROR: something',
  '@[accept4]: 23',
  '@h: ',
  '[4, 8)                 1 |@@@@@@@@@@@|',
  '@[',
  '    schedule+46',
  ', gunicorn]: 12',
  '@in[7]: (1000017000, 232, 5, 140736772756576, 64, 1000)',
  'event=fd pid=7 fd=5 is=socket:[4711]',
  'event=in ts=5 pid=7 tid=9 nr=45 a=b,7f31,10000,0,0,0 data=',
  'event=end ts=1000900000',
  'event=signal ts=1000500000 pid=7 tid=9 to=9 sig=13 code=0 result=1',
  'event=deliver ts=1000600000 pid=7 tid=7 sig=15 code=0 handler=0',
  'event=exit ts=1000700000 pid=7 tid=7 nr=231 a=0',
  'pid=7 call=accept4 ret=-11 fd=5 ts_us=1000700',
  '{"type": "lost_events", "data": {"events": 47}}',
  '{"type": "map", "data": {"@": {"accept4": 5}}}',
  '{"type": "map", "data": {"@tm": 15:56:34}}',
  '{"type": "printf", "data": "ts=1000000017 pid=7 call=read ret="}',
  '{"type": "printf", "data": "5 fd=3\\n"}',
  'what a program prints',
];

/** Lines of some seconds, out of order as several processors write them, every kind of line among them. */
function capture(seed: number, lines: number): string[] {
  const next = random(seed);
  const calls = [
    'accept4',
    'epoll_wait',
    'recvfrom',
    'sendto',
    'poll',
    'select',
    'close',
    'futex',
    'connect',
    'openat',
    'clone',
    'epoll_ctl',
  ];
  return [
    START,
    ...Array.from({ length: lines }, (_, i) => {
      if (next(7) === 0) return OTHER_LINES[next(OTHER_LINES.length)] as string;
      return printed({
        tid: 7 + next(5),
        pid: 7,
        call: calls[next(calls.length)] as string,
        at: i * 2_000 + next(9_000),
        took: next(500),
        ret: next(20) - 11,
        args: [next(12), next(9), next(64), next(2_000)],
        data:
          next(3) === 0
            ? ''
            : next(2) === 0
              ? 'GET /a?b="c\\d" HTTP/1.1\\x0d\\x0a'
              : bytes([next(70_000), 4], [next(12), 4], [next(9), 4]),
      });
    }),
  ];
}

const captures = [3, 5, 7].map((seed) => Buffer.from(`${capture(seed, 601).join('\n')}\n`));
captures.push(Buffer.from(asJson(capture(11, 419).filter((line) => !line.startsWith('{')))));

function check(trace: Buffer, what: string): ReadTrace {
  const result = readTrace(trace, { format });
  assert.equal(unaccounted(result.account), 0, what);
  for (const call of [...result.calls, ...result.inFlight]) {
    assert.ok(call.end >= call.start && call.line <= result.account.lines, `${what}: ${call.text}`);
    assert.ok(Number.isFinite(call.start), what);
  }
  return result;
}

test('any cut into chunks gives the same records', () => {
  for (const trace of captures) {
    const whole = readTrace(trace, { format });
    assert.ok(whole.calls.length > 200);
    for (const chunks of [[1], [3], [100], [4_096], [1, 5_000, 3, 77, 20_011]])
      assert.deepEqual(readTrace(trace, { format, chunks }), whole, String(chunks));
  }
});

test('records come in order of the time at which they were seen', () => {
  for (const seed of [19, 23, 29]) {
    const trace = capture(seed, 601)
      .filter((line) => line.startsWith('ts='))
      .join('\n');
    let last = Number.NEGATIVE_INFINITY;
    for (const record of readTrace(trace, { format }).records) {
      const time = record.kind === 'call' ? record.end : (record.time ?? last);
      assert.ok(time >= last, `${time} after ${last}`);
      last = time;
    }
  }
});

test('text and JSON of the same capture give the same calls', () => {
  const lines = capture(13, 307).filter(
    (line) => !line.startsWith('{') && !line.startsWith('@') && !line.startsWith('Lost') && !line.includes('Total'),
  );
  const text = readTrace(`${lines.join('\n')}\n`, { format });
  const json = readTrace(asJson(lines), { format });
  assert.deepEqual(json.calls, text.calls);
});

test('a capture that ends anywhere is read, and accounts for its lines', () => {
  for (const trace of captures.slice(2)) {
    for (let end = 0; end <= Math.min(trace.length, 6_000); end += 3) check(trace.subarray(0, end), String(end));
  }
});

test('damaged bytes never stop the parser, and the lines still add up', () => {
  const next = random(17);
  const special = Buffer.from('=\\{}[]()@",: \n\r\0-.0123456789abcdefx|');
  for (let i = 0; i < 601; i++) {
    const whole = captures[next(captures.length)] as Buffer;
    const at = next(whole.length - 2_000);
    const trace = Buffer.from(whole.subarray(at, at + 2_000));
    for (let flips = next(30); flips >= 0; flips--)
      trace[next(trace.length)] = next(2) === 0 ? next(256) : (special[next(special.length)] as number);
    check(trace, trace.toString('latin1'));
  }
});

test('lines in any order, doubled or left out, never stop the parser', () => {
  const next = random(23);
  for (let i = 0; i < 101; i++) {
    const lines = capture(29 + i, 83);
    check(Buffer.from(lines.map(() => lines[next(lines.length)]).join('\n')), String(i));
  }
});

test('long lines of any mark are read in linear time', () => {
  const pieces = [
    'a',
    ' ',
    '=',
    'a=b ',
    '\\x41',
    '@[',
    ']: ',
    '"',
    '{"type":',
    '[1, 2) ',
    '|@',
    'Lost 1 events',
    ',',
    'ts=1 ',
    '0',
    '::',
    '\\',
  ];
  const leads = [
    '',
    'ts=1 pid=7 call=write ret=1 data=',
    'ts=1 dur=1 pid=7 tid=7 nr=1 ret=1 a=1,1,1,1 data=',
    '@[',
    '{"type": "printf", "data": "',
    'pid=7 comm="',
    '@in[7]: (',
  ];
  for (const lead of leads) {
    for (const piece of pieces) {
      const trace = Buffer.from(`Attaching 1 probe...\n${lead}${piece.repeat(300_000 / piece.length)}\n`, 'latin1');
      const started = performance.now();
      const { account } = readTrace(trace, { format, chunks: [65_536] });
      assert.ok(performance.now() - started < 2_000, `${lead}${piece}`);
      assert.deepEqual([account.lines, unaccounted(account)], [2, 0]);
    }
  }
});

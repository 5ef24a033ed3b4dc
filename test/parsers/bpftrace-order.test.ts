import assert from 'node:assert/strict';
import test from 'node:test';
import { bpftraceFormat } from '../../parsers/bpftrace/format.ts';
import { asJson, bytes, printed, START } from '../support/printed-lines.ts';
import { readTrace } from './read-trace.ts';

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

test('what was seen from outside stands behind the capture, and is no late line', () => {
  const calls = Array.from(
    { length: 5_003 },
    (_, index) => `ts=${1_000_000_000 + index * 1_000_000} dur=900 pid=7 tid=7 call=close fd=5 ret=0`,
  );
  const seen = 'event=seen ts=1000500000 for=0 pid=8 tid=8 parent=1 call=epoll_wait ran=0 clients=0 comm=gunicorn';
  const { codes, records } = readTrace(`${calls.join('\n')}\n${seen}\n`, { format });
  assert.deepEqual(codes, { 'losses-untold': 1 });
  assert.equal(records.filter(({ kind }) => kind === 'observed').length, 1);
  const late = 'ts=1000500000 dur=900 pid=7 tid=7 call=close fd=5 ret=0';
  assert.equal(readTrace(`${calls.join('\n')}\n${late}\n`, { format }).codes['late-line'], 1);
});

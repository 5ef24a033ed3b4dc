import assert from 'node:assert/strict';
import test from 'node:test';
import { parseTimePoint } from '../../src/cli/options/time-point.ts';
import { UsageError } from '../../src/cli/options/usage-error.ts';

test('epoch seconds keep their nanoseconds', () => {
  assert.deepEqual(parseTimePoint('1795188779'), { kind: 'epoch', seconds: 1_795_188_779, nanoseconds: 0 });
  assert.deepEqual(parseTimePoint('1795188779.123456789'), {
    kind: 'epoch',
    seconds: 1_795_188_779,
    nanoseconds: 123_456_789,
  });
  assert.deepEqual(parseTimePoint('1795188779.5'), { kind: 'epoch', seconds: 1_795_188_779, nanoseconds: 500_000_000 });
});

test('ISO 8601 times are UTC unless they say otherwise', () => {
  const point = { kind: 'epoch', seconds: Date.UTC(2026, 10, 20, 2, 13, 37) / 1_000, nanoseconds: 250_000_000 };
  for (const text of [
    '2026-11-20T02:13:37.25Z',
    '2026-11-20T02:13:37.25',
    '2026-11-20 02:13:37,25',
    '2026-11-20T04:13:37.25+02:00',
    '2026-11-19T21:13:37.25-0500',
  ]) {
    assert.deepEqual(parseTimePoint(text), point, text);
  }
  assert.deepEqual(parseTimePoint('2026-11-20T02:13'), {
    kind: 'epoch',
    seconds: Date.UTC(2026, 10, 20, 2, 13) / 1_000,
    nanoseconds: 0,
  });
});

test('a time of day is nanoseconds since midnight', () => {
  assert.deepEqual(parseTimePoint('02:13'), { kind: 'clock', nanoseconds: (2 * 60 + 13) * 60 * 1e9 });
  assert.deepEqual(parseTimePoint('02:13:37.5'), { kind: 'clock', nanoseconds: ((2 * 60 + 13) * 60 + 37.5) * 1e9 });
  assert.deepEqual(parseTimePoint('2:13:37'), { kind: 'clock', nanoseconds: ((2 * 60 + 13) * 60 + 37) * 1e9 });
  assert.deepEqual(parseTimePoint('00:00:00.000001'), { kind: 'clock', nanoseconds: 1_000 });
});

test('a time since the first event has a unit, seconds when it has none', () => {
  assert.deepEqual(
    ['+12.4s', '+12.4', '+12400ms', '+0s', '+2m', '+1h'].map(parseTimePoint),
    [12.4e9, 12.4e9, 12.4e9, 0, 120e9, 3_600e9].map((nanoseconds) => ({ kind: 'relative', nanoseconds })),
  );
});

test('everything else is refused', () => {
  for (const text of [
    '',
    'now',
    '12.4s',
    '+',
    '+-1s',
    '24:00:00',
    '02:61:00',
    '2:1',
    '2026-13-20T02:13:37Z',
    '2026-11-20',
    '12345',
    '1795188779.1234567890',
  ]) {
    assert.throws(() => parseTimePoint(text), UsageError, text);
  }
});

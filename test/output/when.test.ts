import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moment, period, span } from '../../src/output/when.ts';
import { buildFinding, buildReport } from '../support/report-builder.ts';

const dated = buildReport().window;
const clocked = {
  startTime: null,
  endTime: null,
  timeOfDay: '23:59:58.900000',
  monotonicSeconds: null,
  startMs: 0,
  durationMs: 58_200,
};
const bare = {
  startTime: null,
  endTime: null,
  timeOfDay: null,
  monotonicSeconds: null,
  startMs: 0,
  durationMs: 58_200,
};
const untimed = { ...bare, durationMs: null };

test('a moment is wall clock when the trace has a date', () => {
  assert.equal(moment(dated, 8_802, '2026-11-20T02:13:37.902113Z'), '02:13:37.902');
  assert.equal(moment(dated, 8_802, null), '02:13:37.902');
  assert.equal(moment(dated, 86_408_802, '2026-11-21T02:13:37.902000Z'), '2026-11-21 02:13:37.902');
});

test('a moment is the clock of the trace when it has no date, past midnight too', () => {
  assert.equal(moment(clocked, 0, null), '23:59:58.900');
  assert.equal(moment(clocked, 1_100, null), '00:00:00.000 +1 d');
});

test('a moment counts from the first event when the trace has no clock', () => {
  assert.equal(moment(bare, 3_204, null), '+3.204 s');
  assert.equal(moment(bare, -1.5, null), '-0.002 s');
  assert.equal(moment(untimed, null, null), 'unknown');
});

test('a period says from when to when, and on which clock', () => {
  const undated = { startTime: null, endTime: null };
  assert.equal(period(dated, buildFinding()), '02:13:37.902 to 02:13:40.312 UTC');
  assert.equal(period(clocked, buildFinding(undated)), '00:00:07.702 +1 d to 00:00:10.112 +1 d trace clock');
  assert.equal(period(bare, buildFinding(undated)), '+8.802 s to +11.212 s');
  assert.equal(period(bare, buildFinding({ ...undated, endMs: 8_802 })), 'at +8.802 s');
  assert.equal(period(untimed, buildFinding({ ...undated, startMs: null, endMs: null })), 'no times in this trace');
});

test('a period that was not over when the capture ended has no end', () => {
  assert.equal(period(dated, buildFinding({ openEnded: true })), '02:13:37.902 UTC to the end of the capture');
});

test('the span of the trace names its date and its clock', () => {
  assert.equal(span(dated), '2026-11-20 02:13:29.100 to 02:14:27.300 UTC');
  assert.equal(span(clocked), '23:59:58.900 to 00:00:57.100 +1 d (trace clock, no date)');
  assert.equal(span(bare), '');
});

test('a window that begins later than the trace does not move its moments', () => {
  const part = { ...clocked, timeOfDay: '23:59:59.900000', startMs: 1_000 };
  assert.equal(moment(part, 1_204, null), moment(clocked, 1_204, null));
  const dated = { ...clocked, startTime: '2026-11-20T02:13:30.100000Z', timeOfDay: null, startMs: 1_000 };
  assert.equal(moment(dated, 1_204, null), '02:13:30.304');
});

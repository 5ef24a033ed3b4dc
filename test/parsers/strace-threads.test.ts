import assert from 'node:assert/strict';
import test from 'node:test';
import { readTrace } from './read-trace.ts';

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

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { type OtlpRequests, otlpOf } from '../../src/output/otlp/otlp.ts';
import { otlpProtobuf } from '../../src/output/otlp/otlp-protobuf.ts';
import { partialSuccessInProtobuf } from '../../src/output/otlp/partial-success.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { decodedByProtos, throughProtos } from '../support/otlp-protos.ts';
import { buildReport, nightReport } from '../support/report-builder.ts';
import { sample } from '../support/truth.ts';

const ORIGIN = { host: 'web-1', traceId: '0123456789abcdef0123456789abcdef', now: 1_795_700_000_123_456_789n };
const SIGNALS = ['logs', 'traces', 'metrics'] as const;

function assertKnown(requests: OtlpRequests, signal: (typeof SIGNALS)[number]): void {
  const request = requests[signal];
  if (request === null) return;
  assert.deepEqual(throughProtos(signal, request), request);
  assert.deepEqual(decodedByProtos(signal, otlpProtobuf(signal, request)), request);
}

/** Every object in any depth that has this member. */
function allWith(member: string, value: unknown): Readonly<Record<string, unknown>>[] {
  if (Array.isArray(value)) return value.flatMap((each) => allWith(member, each));
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap((each) => allWith(member, each));
  return member in value ? [value as Readonly<Record<string, unknown>>, ...inner] : inner;
}

function attribute(owner: unknown, key: string): unknown {
  const [found] = allWith('key', owner).filter((each) => each.key === key);
  return Object.values((found?.value ?? {}) as object)[0];
}

describe('a report for OpenTelemetry', async () => {
  const { trace, truth } = sample('distracted-worker');
  const requests: OtlpRequests = otlpOf(await analyzeFiles([trace]), ORIGIN);

  it('is what the official protos know, to the last field, as JSON and as protobuf', () => {
    assert.notEqual(requests.traces, null);
    for (const signal of SIGNALS) assertKnown(requests, signal);
  });

  it('has a span for each stall that the application measured, at its time, within the span of the capture', () => {
    const spans = allWith('startTimeUnixNano', requests.traces);
    const [capture] = spans.filter(({ name }) => name === 'drover capture');
    const times = spans
      .filter(({ parentSpanId }) => parentSpanId === capture?.spanId)
      .map(({ startTimeUnixNano, endTimeUnixNano }) => [
        Number(startTimeUnixNano) / 1e9,
        Number(endTimeUnixNano) / 1e9,
      ]);
    for (const { start, end } of truth.stalls)
      assert.ok(
        times.some(([from = 0, to = 0]) => Math.abs(from - start) < 0.05 && Math.abs(to - end) < 0.05),
        `${start} to ${end}`,
      );
    const [begin, finish] = [Number(capture?.startTimeUnixNano) / 1e9, Number(capture?.endTimeUnixNano) / 1e9];
    assert.ok(times.every(([from = 0, to = 0]) => from >= begin - 0.001 && to <= finish + 0.001));
  });

  it('has the verdict and each finding as an event that points at its worst span', () => {
    const records = allWith('eventName', requests.logs);
    assert.deepEqual([records[0]?.eventName, records[0]?.severityNumber], ['drover.verdict', 17]);
    const stall = records.find(({ eventName }) => eventName === 'drover.finding.loop_stall');
    const spans = allWith('startTimeUnixNano', requests.traces);
    assert.ok(spans.some(({ spanId, name }) => spanId === stall?.spanId && name !== 'drover capture'));
    assert.ok(truth.workers.includes(Number(attribute(stall, 'process.pid'))));
    const longest = Math.max(...truth.stalls.map(({ start, end }) => (end - start) * 1_000));
    assert.ok(Math.abs(Number(attribute(stall, 'drover.longest_ms')) - longest) < 50);
  });

  it('names the host, and the figures with their units', () => {
    assert.equal(attribute(requests.logs, 'host.name'), 'web-1');
    const metrics = allWith('gauge', requests.metrics);
    assert.ok(metrics.length > 5);
    const longest = metrics.find(({ name }) => name === 'drover.cause_longest');
    assert.equal(longest?.unit, 's');
  });

  it('has no spans where nobody knows the date, and says when it was sent', () => {
    const undated = otlpOf(buildReport({ window: { startTime: null, endTime: null } }), ORIGIN);
    assert.equal(undated.traces, null);
    const [verdict] = allWith('eventName', undated.logs);
    assert.equal(verdict?.observedTimeUnixNano, String(ORIGIN.now));
    assert.equal(verdict?.traceId, undefined);
  });

  it('tells hosts apart', async () => {
    const fleet = await analyzeFiles([trace, sample('distracted-worker/healthy').trace]);
    const { logs } = otlpOf(fleet, ORIGIN);
    const hosts = allWith('resource', logs).map((part) => attribute(part.resource, 'host.name'));
    assert.deepEqual(hosts.toSorted(), fleet.hosts?.map(({ name }) => name).toSorted());
    for (const part of allWith('resource', logs))
      assert.equal(allWith('eventName', part).filter(({ eventName }) => eventName === 'drover.verdict').length, 1);
  });

  it('has the same numbers as protobuf: times to the nanosecond, below zero, and beyond 32 bits', () => {
    const point = { timeUnixNano: '1795700000123456789', asDouble: -0.1 };
    const metrics = {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'µ✓', gauge: { dataPoints: [point] } }] }] }],
    };
    assert.deepEqual(decodedByProtos('metrics', otlpProtobuf('metrics', metrics)), metrics);
    const values = ['0', '127', '128', '-1', '4294967296', '9007199254740991', '-9007199254740991'];
    const attributes = values.map((intValue) => ({ key: intValue, value: { intValue } }));
    const logs = { resourceLogs: [{ resource: { attributes } }] };
    assert.deepEqual(decodedByProtos('logs', otlpProtobuf('logs', logs)), logs);
    assert.throws(() => otlpProtobuf('logs', { resourceLogs: [{ resource: { unheard: 1 } }] }), /unheard/);
  });

  it('reads what a receiver refused from any bytes', () => {
    // partial_success { rejected_log_records: 300, error_message: "old" }, behind a field that nobody knows.
    const reply = [0x9a, 1, 1, 0x7a, 10, 8, 8, 0xac, 2, 18, 3, 0x6f, 0x6c, 0x64];
    assert.deepEqual(partialSuccessInProtobuf(Uint8Array.from(reply)), { rejected: 300, message: 'old' });
    assert.equal(partialSuccessInProtobuf(new Uint8Array(0)), null);
    for (let length = 0; length < reply.length; length++)
      for (const byte of [0, 0x7f, 0xff]) partialSuccessInProtobuf(Uint8Array.from([...reply.slice(0, length), byte]));
  });

  it('stays sound whatever a trace holds', () => {
    for (const text of HOSTILE) {
      const poisoned = otlpOf(poison(nightReport, text), ORIGIN);
      for (const signal of SIGNALS) {
        assertKnown(poisoned, signal);
        assert.doesNotMatch(JSON.stringify(poisoned[signal]), /[\x00-\x1f\x7f-\x9f\u202e]/);
      }
    }
  });
});

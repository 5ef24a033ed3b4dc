import { ProtobufWriter } from '../protobuf.ts';
import type { OtlpRequests } from './otlp.ts';

/** What is written of a field; a table: a message of these fields. */
type FieldType = 'text' | 'hex' | 'fixed64' | 'int64' | 'double' | Fields;
type Fields = Readonly<Record<string, readonly [field: number, type: FieldType]>>;

// Names, numbers and types are those of https://github.com/open-telemetry/opentelemetry-proto; a field that drover does
// not send is left out.
const ANY_VALUE: Fields = { stringValue: [1, 'text'], intValue: [3, 'int64'], doubleValue: [4, 'double'] };
const KEY_VALUE: Fields = { key: [1, 'text'], value: [2, ANY_VALUE] };
const RESOURCE: Fields = { attributes: [1, KEY_VALUE] };
const SCOPE: Fields = { name: [1, 'text'], version: [2, 'text'] };
const LOG_RECORD: Fields = {
  timeUnixNano: [1, 'fixed64'],
  severityNumber: [2, 'int64'],
  severityText: [3, 'text'],
  body: [5, ANY_VALUE],
  attributes: [6, KEY_VALUE],
  traceId: [9, 'hex'],
  spanId: [10, 'hex'],
  observedTimeUnixNano: [11, 'fixed64'],
  eventName: [12, 'text'],
};
const SPAN: Fields = {
  traceId: [1, 'hex'],
  spanId: [2, 'hex'],
  parentSpanId: [4, 'hex'],
  name: [5, 'text'],
  kind: [6, 'int64'],
  startTimeUnixNano: [7, 'fixed64'],
  endTimeUnixNano: [8, 'fixed64'],
  attributes: [9, KEY_VALUE],
  status: [15, { code: [3, 'int64'] }],
};
const DATA_POINT: Fields = { timeUnixNano: [3, 'fixed64'], asDouble: [4, 'double'], attributes: [7, KEY_VALUE] };
const METRIC: Fields = {
  name: [1, 'text'],
  description: [2, 'text'],
  unit: [3, 'text'],
  gauge: [5, { dataPoints: [1, DATA_POINT] }],
};
const REQUESTS: Readonly<Record<keyof OtlpRequests, Fields>> = {
  logs: {
    resourceLogs: [1, { resource: [1, RESOURCE], scopeLogs: [2, { scope: [1, SCOPE], logRecords: [2, LOG_RECORD] }] }],
  },
  traces: {
    resourceSpans: [1, { resource: [1, RESOURCE], scopeSpans: [2, { scope: [1, SCOPE], spans: [2, SPAN] }] }],
  },
  metrics: {
    resourceMetrics: [1, { resource: [1, RESOURCE], scopeMetrics: [2, { scope: [1, SCOPE], metrics: [2, METRIC] }] }],
  },
};

/** A request of OTLP/HTTP as Protocol Buffers, from the same one as JSON. */
export function otlpProtobuf(signal: keyof OtlpRequests, request: object): Uint8Array {
  return messageOf(REQUESTS[signal], request).bytes;
}

function messageOf(fields: Fields, message: object): ProtobufWriter {
  const writer = new ProtobufWriter(256);
  for (const [name, value] of Object.entries(message)) {
    const known = fields[name];
    if (known === undefined) throw new Error(`OTLP has no number for ${name}`);
    for (const each of Array.isArray(value) ? (value as unknown[]) : [value]) write(writer, known, each);
  }
  return writer;
}

function write(writer: ProtobufWriter, [field, type]: readonly [number, FieldType], value: unknown): void {
  if (typeof type === 'object') writer.message(field, messageOf(type, value as object));
  else if (type === 'text') writer.text(field, String(value));
  else if (type === 'hex') writer.bytesOf(field, Buffer.from(String(value), 'hex'));
  else if (type === 'double') writer.double(field, Number(value));
  else if (type === 'fixed64') writer.bigFixed64(field, BigInt(String(value)));
  else writer.bigNumber(field, BigInt(String(value)));
}

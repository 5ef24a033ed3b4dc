import { createRequire } from 'node:module';

/** The messages of the official protos, as protobufjs made them for OpenTelemetry's own exporters. */
interface Message {
  decode(bytes: Uint8Array): object;
  fromObject(object: object): object;
  toObject(message: object, options: object): object;
  verify(message: object): string | null;
}

const require = createRequire(import.meta.url);
const { opentelemetry } = require('@opentelemetry/otlp-transformer/build/src/generated/root.js') as {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: {
        readonly logs: { readonly v1: { readonly ExportLogsServiceRequest: Message } };
        readonly trace: { readonly v1: { readonly ExportTraceServiceRequest: Message } };
        readonly metrics: { readonly v1: { readonly ExportMetricsServiceRequest: Message } };
      };
    };
  };
};
const { logs, trace, metrics } = opentelemetry.proto.collector;
const MESSAGES = {
  logs: logs.v1.ExportLogsServiceRequest,
  traces: trace.v1.ExportTraceServiceRequest,
  metrics: metrics.v1.ExportMetricsServiceRequest,
};

/** Identifiers are hexadecimal in the JSON of OTLP, and base64 in that of protobuf. */
const IDENTIFIERS = /"(traceId|spanId|parentSpanId)":"([0-9a-f]+)"/g;

/** What is left of a request once it was read by the official protos: what they do not know is gone. */
export function throughProtos(signal: keyof typeof MESSAGES, request: object): object {
  const message = MESSAGES[signal];
  const asProtobuf = JSON.stringify(request).replace(
    IDENTIFIERS,
    (_, name: string, digits: string) => `"${name}":"${Buffer.from(digits, 'hex').toString('base64')}"`,
  );
  const read = message.fromObject(JSON.parse(asProtobuf) as object);
  const problem = message.verify(read);
  if (problem !== null) throw new Error(problem);
  return asJson(message, read);
}

/** What the official protos read from the bytes of a request, as its JSON. */
export function decodedByProtos(signal: keyof typeof MESSAGES, bytes: Uint8Array): object {
  const message = MESSAGES[signal];
  return asJson(message, message.decode(bytes));
}

function asJson(message: Message, read: object): object {
  const again = JSON.stringify(message.toObject(read, { longs: String, bytes: String }));
  return JSON.parse(
    again.replace(
      /"(traceId|spanId|parentSpanId)":"([A-Za-z0-9+/=]+)"/g,
      (_, name: string, text: string) => `"${name}":"${Buffer.from(text, 'base64').toString('hex')}"`,
    ),
  ) as object;
}

import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { OutputError } from '../../files/output-error.ts';
import type { OtlpRequests } from '../../output/otlp/otlp.ts';
import { otlpProtobuf } from '../../output/otlp/otlp-protobuf.ts';
import {
  type PartialSuccess,
  partialSuccessInJson,
  partialSuccessInProtobuf,
} from '../../output/otlp/partial-success.ts';
import { OTLP_PROTOCOLS, type OtlpProtocol } from '../options/print.ts';
import { UsageError } from '../options/usage-error.ts';

/** A receiver of OpenTelemetry, by the address that its exporters call the endpoint. */
export interface OtlpReceiver {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocol: OtlpProtocol;
  readonly isPacked: boolean;
}

const CONTENT_TYPES = { 'http/json': 'application/json', 'http/protobuf': 'application/x-protobuf' } as const;

/** How long, and how often. */
export interface Patience {
  readonly attemptMs: number;
  readonly attempts: number;
  /** Before the second attempt; twice as long before each that follows. */
  readonly pauseMs: number;
}

export const USUAL_PATIENCE: Patience = { attemptMs: 10_000, attempts: 3, pauseMs: 500 };
/** The specification names these as those after which a client tries again. */
const TRY_AGAIN = new Set([429, 502, 503, 504]);
const LONGEST_PAUSE_MS = 10_000;
const SHOWN = 200;

/**
 * Reads the address of a receiver, and what the environment says as it does to exporters of OpenTelemetry: headers
 * (`OTEL_EXPORTER_OTLP_HEADERS`, `name=value,…`), where secrets do not stand in the list of processes, the protocol
 * unless it was typed, and whether what is sent is packed. Throws `UsageError`.
 */
export function otlpReceiver(
  address: string,
  environment: NodeJS.ProcessEnv,
  protocol: OtlpProtocol = protocolIn(environment),
): OtlpReceiver {
  const hint = 'Name a receiver by its endpoint: --otlp http://127.0.0.1:4318';
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--otlp ${address} is no http address.`, { hint });
  if (url.username !== '' || url.password !== '')
    throw new UsageError('--otlp takes no password in an address: every user of this host could read it.', {
      hint: "Give it as a header: OTEL_EXPORTER_OTLP_HEADERS='authorization=Basic …'",
    });
  if (url.search !== '' || url.hash !== '') throw new UsageError(`--otlp ${address} has more than a path.`, { hint });
  return {
    endpoint: url.href.replace(/\/+$/, '').replace(/\/v1\/(?:logs|traces|metrics)$/, ''),
    headers: headersIn(environment.OTEL_EXPORTER_OTLP_HEADERS ?? ''),
    protocol,
    isPacked: environment.OTEL_EXPORTER_OTLP_COMPRESSION === 'gzip',
  };
}

function protocolIn({ OTEL_EXPORTER_OTLP_PROTOCOL: named }: NodeJS.ProcessEnv): OtlpProtocol {
  if (named === undefined || named === '') return 'http/json';
  const known = OTLP_PROTOCOLS.find((protocol) => protocol === named);
  if (known !== undefined) return known;
  throw new UsageError(`OTEL_EXPORTER_OTLP_PROTOCOL=${named} is none that drover speaks.`, {
    hint: `Name another for drover: --otlp-protocol ${OTLP_PROTOCOLS.join(' or ')}`,
  });
}

/**
 * Sends the three requests, each until the receiver has taken it. One that a receiver refuses leaves the others to be
 * sent: many take only logs, or only metrics. `notice` is told what it took, and what only in part. Throws
 * `OutputError`.
 */
export async function sendOtlp(
  receiver: OtlpReceiver,
  requests: OtlpRequests,
  notice: (sentence: string) => void,
  patience: Patience = USUAL_PATIENCE,
): Promise<void> {
  const taken: string[] = [];
  const refusals: OutputError[] = [];
  for (const signal of ['logs', 'traces', 'metrics'] as const) {
    const request = requests[signal];
    if (request === null) continue;
    const url = `${receiver.endpoint}/v1/${signal}`;
    const isJson = receiver.protocol === 'http/json';
    const body = isJson ? Buffer.from(JSON.stringify(request)) : otlpProtobuf(signal, request);
    const reply = await post(url, receiver, body, patience);
    if (reply instanceof OutputError) {
      refusals.push(reply);
      continue;
    }
    taken.push(signal);
    const refused = refusedIn(isJson ? partialSuccessInJson(reply.toString()) : partialSuccessInProtobuf(reply));
    if (refused !== '') notice(`${url} did not take all: ${refused}.`);
  }
  const [refusal] = refusals;
  if (refusal === undefined) return;
  if (taken.length > 0) notice(`${receiver.endpoint} took ${taken.join(' and ')}.`);
  throw refusal;
}

/** Gives the reply, or what to say of a refusal; throws where nobody answers. */
async function post(
  url: string,
  { headers, protocol, isPacked }: OtlpReceiver,
  body: Uint8Array,
  { attemptMs, attempts, pauseMs }: Patience,
): Promise<Buffer | OutputError> {
  const encoding = isPacked ? { 'content-encoding': 'gzip' } : {};
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === attempts;
    let pause = Math.min(pauseMs * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
    try {
      const response = await fetch(url, {
        method: 'POST',
        // What a report holds goes to the address that was named, and to no other.
        redirect: 'error',
        headers: { ...headers, 'content-type': CONTENT_TYPES[protocol], ...encoding },
        body: isPacked ? gzipSync(body) : body,
        signal: AbortSignal.timeout(attemptMs),
      });
      const reply = Buffer.from(await response.arrayBuffer());
      if (response.ok) return reply;
      if (isLast || !TRY_AGAIN.has(response.status)) return refusal(url, response.status, reply.toString(), protocol);
      const wished = Number(response.headers.get('retry-after'));
      if (wished > 0) pause = Math.min(wished * 1_000, LONGEST_PAUSE_MS);
    } catch (error) {
      if (isLast) throw unreachable(url, error, attempts);
    }
    await delay(pause);
  }
}

function refusal(url: string, status: number, text: string, protocol: OtlpProtocol): OutputError {
  const other = OTLP_PROTOCOLS.find((each) => each !== protocol);
  const said = text
    .replace(/[^ -~]+/g, ' ')
    .trim()
    .slice(0, SHOWN);
  const isForm = status === 400 || status === 415;
  return new OutputError(`${url} refused the report with status ${status}${said === '' ? '' : `: ${said}`}.`, {
    fault: 'place',
    hint:
      status === 404
        ? 'Name the endpoint without a path of its own, as --otlp http://127.0.0.1:4318, or look whether it takes OTLP over HTTP.'
        : isForm
          ? `drover sent ${protocol}. Where the receiver reads the other form: --otlp-protocol ${other}`
          : 'Headers, as for a password, come from OTEL_EXPORTER_OTLP_HEADERS.',
  });
}

function unreachable(url: string, error: unknown, attempts: number): OutputError {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OutputError(`Cannot send the report to ${url}: ${reason} (${attempts} attempts).`, {
    fault: 'place',
    hint: 'Is the receiver there, and does it listen for OTLP over HTTP?',
    cause: error,
  });
}

/** What a receiver refused of a request that it took, in words; '' for nothing. */
function refusedIn(partial: PartialSuccess | null): string {
  if (partial === null || partial.rejected === 0) return '';
  const said = partial.message.replace(/[^ -~]+/g, ' ').slice(0, SHOWN);
  return `${partial.rejected} refused${said === '' ? '' : ` (${said})`}`;
}

/** https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables */
function headersIn(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').filter((pair) => pair.includes('='));
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      return [pair.slice(0, at).trim(), decoded(pair.slice(at + 1).trim())];
    }),
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // It was not encoded.
    return text;
  }
}

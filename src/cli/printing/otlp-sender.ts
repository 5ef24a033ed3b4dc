import { setTimeout as delay } from 'node:timers/promises';
import { OutputError } from '../../files/output-error.ts';
import type { OtlpRequests } from '../../output/otlp/otlp.ts';
import { UsageError } from '../options/usage-error.ts';

/** A receiver of OpenTelemetry, by the address that its exporters call the endpoint. */
export interface OtlpReceiver {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
}

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
 * Reads the address of a receiver, and its headers from `OTEL_EXPORTER_OTLP_HEADERS` (`name=value,…`), where secrets do
 * not stand in the list of processes. Throws `UsageError`.
 */
export function otlpReceiver(address: string, environment: NodeJS.ProcessEnv): OtlpReceiver {
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
  };
}

/**
 * Sends the three requests, each until the receiver has taken it. `notice` is told what a receiver took only in part.
 * Throws `OutputError`.
 */
export async function sendOtlp(
  { endpoint, headers }: OtlpReceiver,
  requests: OtlpRequests,
  notice: (sentence: string) => void,
  patience: Patience = USUAL_PATIENCE,
): Promise<void> {
  for (const signal of ['logs', 'traces', 'metrics'] as const) {
    const request = requests[signal];
    if (request === null) continue;
    const url = `${endpoint}/v1/${signal}`;
    const reply = await post(url, headers, JSON.stringify(request), patience);
    const refused = refusedIn(reply);
    if (refused !== '') notice(`${url} did not take all: ${refused}.`);
  }
}

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: string,
  { attemptMs, attempts, pauseMs }: Patience,
): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === attempts;
    let pause = Math.min(pauseMs * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
    try {
      const response = await fetch(url, {
        method: 'POST',
        // What a report holds goes to the address that was named, and to no other.
        redirect: 'error',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        signal: AbortSignal.timeout(attemptMs),
      });
      const text = await response.text();
      if (response.ok) return text;
      if (isLast || !TRY_AGAIN.has(response.status)) throw refusal(url, response.status, text);
      const wished = Number(response.headers.get('retry-after'));
      if (wished > 0) pause = Math.min(wished * 1_000, LONGEST_PAUSE_MS);
    } catch (error) {
      if (error instanceof OutputError) throw error;
      if (isLast) throw unreachable(url, error, attempts);
    }
    await delay(pause);
  }
}

function refusal(url: string, status: number, text: string): OutputError {
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
          ? 'drover sends JSON. A receiver that reads protobuf only gets it through an OpenTelemetry Collector.'
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

/** What a receiver says that it refused of a request that it took; '' for nothing. */
function refusedIn(reply: string): string {
  let partial: unknown;
  try {
    partial = (JSON.parse(reply) as { readonly partialSuccess?: unknown }).partialSuccess;
  } catch {
    // An empty reply is one of success.
    return '';
  }
  if (typeof partial !== 'object' || partial === null) return '';
  const { errorMessage = '', ...counts } = partial as Readonly<Record<string, unknown>>;
  const refused = Object.entries(counts).filter(([, value]) => Number(value) > 0);
  if (refused.length === 0) return '';
  const said = String(errorMessage)
    .replace(/[^ -~]+/g, ' ')
    .slice(0, SHOWN);
  return `${refused.map(([name, value]) => `${name} ${Number(value)}`).join(', ')}${said === '' ? '' : ` (${said})`}`;
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

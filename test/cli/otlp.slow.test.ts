import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { otlpReceiver, sendOtlp } from '../../src/cli/printing/otlp-sender.ts';
import { decodedByProtos, throughProtos } from '../support/otlp-protos.ts';
import { runDrover } from '../support/run-drover.ts';
import { sample } from '../support/truth.ts';

const TRACE = sample('distracted-worker').trace;
const PATIENCE = { attemptMs: 300, attempts: 3, pauseMs: 10 };
const REQUESTS = { logs: { resourceLogs: [] }, traces: { resourceSpans: [] }, metrics: { resourceMetrics: [] } };

interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly bytes: Buffer;
}

interface Reply {
  readonly status: number;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly never?: boolean;
}

/** A receiver that keeps what it got and answers as it is told: `replies` in turn, the last one again and again. */
async function receiver(
  ...replies: readonly Reply[]
): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const reply = replies[Math.min(received.length, replies.length - 1)] ?? { status: 200 };
      const bytes = Buffer.concat(chunks);
      received.push({ path: request.url ?? '', headers: request.headers, body: bytes.toString(), bytes });
      if (reply.never === true) return;
      response.writeHead(reply.status, reply.headers).end(reply.body ?? '{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

/** Without the moment at which it was sent. */
function withoutNow(request: object): object {
  return JSON.parse(JSON.stringify(request).replace(/"observedTimeUnixNano":"\d+",?/g, '')) as object;
}

const silent = (): void => undefined;

describe('--otlp', () => {
  it('sends logs, traces and metrics that the official protos read, beside the report that is printed', async () => {
    const { url, received } = await receiver({ status: 200 });
    const { code, stdout, stderr } = await runDrover([TRACE, '--otlp', `${url}/`]);
    assert.deepEqual([code, stderr], [0, '']);
    assert.equal(stdout, (await runDrover([TRACE])).stdout);
    assert.deepEqual(
      received.map(({ path }) => path),
      ['/v1/logs', '/v1/traces', '/v1/metrics'],
    );
    for (const { path, headers, body } of received) {
      assert.equal(headers['content-type'], 'application/json');
      const signal = path.slice('/v1/'.length) as 'logs' | 'traces' | 'metrics';
      const sent = JSON.parse(body) as object;
      assert.deepEqual(throughProtos(signal, sent), sent);
    }
    // What clients sent is masked as in every export.
    assert.doesNotMatch(received.map(({ body }) => body).join(''), /\?[a-z]+=/);
  });

  it('sends the same as protobuf, packed or not, to a receiver that reads nothing else', async () => {
    const plain = await receiver({ status: 200 });
    await runDrover([TRACE, '--otlp', plain.url]);
    const typed = await receiver({ status: 200, body: new Uint8Array(0) });
    const { code, stderr } = await runDrover([TRACE, '--otlp', typed.url, '--otlp-protocol', 'http/protobuf']);
    assert.deepEqual([code, stderr], [0, '']);
    const told = await receiver({ status: 200, body: new Uint8Array(0) });
    const environment = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip' };
    assert.equal((await runDrover([TRACE, '--otlp', told.url], { environment })).code, 0);
    const inJson = plain.received.map(({ body }) => withoutNow(JSON.parse(body) as object));
    assert.equal(inJson.length, 3);
    for (const { received, encoding } of [
      { received: typed.received, encoding: undefined },
      { received: told.received, encoding: 'gzip' },
    ]) {
      assert.deepEqual(
        received.map(({ headers }) => [headers['content-type'], headers['content-encoding']]),
        Array.from({ length: 3 }, () => ['application/x-protobuf', encoding]),
      );
      const decoded = received.map(({ path, bytes }) => {
        const signal = path.slice('/v1/'.length) as 'logs' | 'traces' | 'metrics';
        return withoutNow(decodedByProtos(signal, encoding === 'gzip' ? gunzipSync(bytes) : bytes));
      });
      assert.deepEqual(decoded, inJson);
    }
  });

  it('names the other form where this one is refused, and refuses a protocol that it does not speak', async () => {
    const { url } = await receiver({ status: 415, body: 'json encoding is not supported' });
    const refused = await runDrover([TRACE, '--otlp', url]);
    assert.equal(refused.code, 74);
    assert.match(refused.stderr, /drover sent http\/json\. .* --otlp-protocol http\/protobuf\n$/);
    const environment = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
    const grpc = await runDrover([TRACE, '--otlp', url], { environment });
    assert.deepEqual([grpc.code, grpc.stdout], [2, '']);
    assert.match(
      grpc.stderr,
      /OTEL_EXPORTER_OTLP_PROTOCOL=grpc .*\n {2}.* --otlp-protocol http\/json or http\/protobuf/,
    );
    assert.equal((await runDrover([TRACE, '--otlp-protocol', 'http/json'])).code, 2);
  });

  it('tells what a receiver of protobuf took only in part', async () => {
    const { url } = await receiver({ status: 200, body: Uint8Array.from([10, 7, 8, 2, 18, 3, 0x6f, 0x6c, 0x64]) });
    const told: string[] = [];
    const asked = otlpReceiver(url, {}, 'http/protobuf');
    await sendOtlp(asked, REQUESTS, (sentence) => told.push(sentence), PATIENCE);
    assert.equal(told[0], `${url}/v1/logs did not take all: 2 refused (old).`);
  });

  it('is tried again while the receiver is busy, as the specification says', async () => {
    const { url, received } = await receiver(
      { status: 503 },
      { status: 429, headers: { 'retry-after': '0' } },
      { status: 200 },
    );
    await sendOtlp(otlpReceiver(url, {}), REQUESTS, silent, PATIENCE);
    assert.deepEqual(
      received.map(({ path }) => path),
      ['/v1/logs', '/v1/logs', '/v1/logs', '/v1/traces', '/v1/metrics'],
    );
  });

  it('gives up on a receiver that says no, one that never answers, and one that is not there', async () => {
    const cases = [
      [
        await receiver({ status: 400, body: 'json\x1b[2J is not supported' }),
        /refused the report with status 400: json \[2J is/,
        3,
      ],
      [await receiver({ status: 200, never: true }), /Cannot send the report .*timeout.* \(3 attempts\)/, 3],
      [
        { url: 'http://127.0.0.1:1', received: [] },
        /Cannot send the report .*(?:ECONNREFUSED|bad port).*3 attempts/,
        0,
      ],
    ] as const;
    for (const [{ url, received }, message, times] of cases) {
      await assert.rejects(sendOtlp(otlpReceiver(url, {}), REQUESTS, silent, PATIENCE), {
        name: 'OutputError',
        message,
      });
      assert.equal(received.length, times);
    }
  });

  it('sends the figures to a receiver that takes no logs and no spans, and says which it took', async () => {
    const { url, received } = await receiver({ status: 404 }, { status: 400 }, { status: 200 });
    const told: string[] = [];
    await assert.rejects(
      sendOtlp(otlpReceiver(url, {}), REQUESTS, (sentence) => told.push(sentence), PATIENCE),
      {
        message: `${url}/v1/logs refused the report with status 404: {}.`,
      },
    );
    assert.deepEqual(told, [`${url} took metrics.`]);
    assert.equal(received.length, 3);
  });

  it('follows no redirect: the report goes to the address that was named', async () => {
    const other = await receiver({ status: 200 });
    const { url } = await receiver({ status: 307, headers: { location: `${other.url}/v1/logs` } });
    await assert.rejects(sendOtlp(otlpReceiver(url, {}), REQUESTS, silent, PATIENCE), { name: 'OutputError' });
    assert.equal(other.received.length, 0);
  });

  it('tells what a receiver took only in part', async () => {
    const { url } = await receiver({
      status: 200,
      body: '{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}',
    });
    const told: string[] = [];
    await sendOtlp(otlpReceiver(url, {}), REQUESTS, (sentence) => told.push(sentence), PATIENCE);
    assert.equal(told[0], `${url}/v1/logs did not take all: 2 refused (too old).`);
  });

  it('takes headers, as for a password, from the environment', async () => {
    const { url, received } = await receiver({ status: 200 });
    const environment = { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Basic%20c2VzYW1l,x-team=night' };
    await sendOtlp(otlpReceiver(url, environment), REQUESTS, silent, PATIENCE);
    assert.deepEqual([received[0]?.headers.authorization, received[0]?.headers['x-team']], ['Basic c2VzYW1l', 'night']);
  });

  it('leaves the report to be read when it cannot be sent, with the exit code that says so', async () => {
    const { url } = await receiver({ status: 404 });
    const { code, stdout, stderr } = await runDrover([TRACE, '--otlp', url]);
    assert.equal(code, 74);
    assert.match(stdout, /^FILE /);
    assert.match(stderr, /^drover: http:\/\/127\.0\.0\.1:\d+\/v1\/logs refused the report with status 404/);
  });

  it('says before anything is read what is no address of a receiver', async () => {
    for (const address of ['web-1:4318', 'ftp://web-1/', 'http://user:sesame@web-1/', 'http://web-1/?a=b', '']) {
      const { code, stdout, stderr } = await runDrover([TRACE, '--otlp', address]);
      assert.deepEqual([code, stdout], [2, ''], address);
      assert.doesNotMatch(stderr, /sesame/);
    }
  });
});

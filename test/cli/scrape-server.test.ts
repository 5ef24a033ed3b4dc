import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ScrapeServer } from '../../src/cli/capture/scrape-server.ts';
import { isLoopback, parseListen } from '../../src/cli/options/listen.ts';
import { UsageError } from '../../src/cli/options/usage-error.ts';
import { runDrover } from '../support/run-drover.ts';

const TEXT = '# HELP drover_x X.\n# TYPE drover_x gauge\ndrover_x 7\n';
const CONNECTION_MS = 700;
const MOST_A_SECOND = 10;
/** Each test has connections of its own to spend. */
const NEXT_SECOND_MS = 1_050;

interface Heard {
  readonly text: string;
  readonly ms: number;
}

/** Says the bytes on a connection of its own, and hears until that is closed. */
function say(url: string, bytes: string): Promise<Heard> {
  const { hostname, port } = new URL(url);
  const started = performance.now();
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'));
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve({ text, ms: performance.now() - started }));
  });
}

async function served(text: string | null = TEXT): Promise<ScrapeServer> {
  const server = await ScrapeServer.start({ host: '127.0.0.1', port: 0 }, async () => text, CONNECTION_MS);
  after(() => server.end());
  return server;
}

const GET = 'GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9464\r\n';
const ALWAYS = 'x-content-type-options: nosniff\r\nconnection: close\r\n\r\n';
const FOUND =
  'HTTP/1.1 200 OK\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n' +
  `content-length: ${TEXT.length}\r\n${ALWAYS}${TEXT}`;
const NOT_FOUND = `HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n${ALWAYS}Not found\n`;

describe('the scrape target of --listen', () => {
  it('answers GET /metrics, and says nothing of who it is, where, or when', async () => {
    const { url } = await served();
    for (const more of [
      '\r\n',
      'Accept: application/openmetrics-text; version=1.0.0\r\n\r\n',
      `${'X: y\r\n'.repeat(100)}\r\n`,
    ])
      assert.equal((await say(url, GET + more)).text, FOUND);
    assert.equal((await say(url, 'GET /metrics HTTP/1.0\r\n\r\n')).text, FOUND);
  });

  it('has a plain 404 for everything else', async () => {
    const { url } = await served();
    const paths = ['/', '/metrics/', '/metrics?x=1', '//metrics', 'http://127.0.0.1/metrics'];
    for (const path of paths)
      assert.equal((await say(url, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)).text, NOT_FOUND, path);
    await pause(NEXT_SECOND_MS);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])
      assert.equal((await say(url, `${method} /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n`)).text, NOT_FOUND, method);
    const head = await say(url, 'HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
    assert.equal(head.text, NOT_FOUND.replace('Not found\n', ''));
    const expecting = await say(url, `${GET}Expect: 100-continue\r\n\r\n`);
    assert.equal(expecting.text, NOT_FOUND);
    const upgrading = await say(
      url,
      'GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    assert.equal(upgrading.text, NOT_FOUND);
  });

  it('does not answer a page that gave its own name the address of this host', async () => {
    const { url } = await served();
    const asked = async (host: string): Promise<string> =>
      (await say(url, `GET /metrics HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).text;
    assert.equal(await asked('rebound.example:9464'), NOT_FOUND);
    for (const host of ['localhost', 'localhost:9464', '127.0.0.1', '[::1]:9464'])
      assert.equal(await asked(host), FOUND, host);
  });

  it('has a 404 before there are figures', async () => {
    assert.equal((await say((await served(null)).url, `${GET}\r\n`)).text, NOT_FOUND);
  });

  it('says that figures could not be made, and goes on', async () => {
    const faults = [new Error('the first'), new Error('the second')];
    const server = await ScrapeServer.start({ host: '127.0.0.1', port: 0 }, async () => {
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
      return TEXT;
    });
    after(() => server.end());
    const answers: string[] = [];
    for (let asked = 0; asked < 3; asked++) answers.push((await say(server.url, `${GET}\r\n`)).text);
    const lines = answers.map((text) => text.slice(0, text.indexOf('\r\n')));
    assert.deepEqual(lines, [...Array(2).fill('HTTP/1.1 500 Internal Server Error'), 'HTTP/1.1 200 OK']);
    assert.match(String(server.fault), /the first/);
  });

  it('closes what is no request, or one with too many bytes, without a word', async () => {
    const { url } = await served();
    const requests = [
      '\x16\x03\x01\x02\x00\x01\x00',
      'GET\r\n\r\n',
      'CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n',
      '\0'.repeat(100_000),
    ];
    for (const bytes of [
      ...requests,
      `${GET}X: ${'y'.repeat(9_000)}\r\n\r\n`,
      `${GET}${'X: yyyyyyyy\r\n'.repeat(3_000)}\r\n`,
    ])
      assert.equal((await say(url, bytes)).text, '', bytes.slice(0, 40));
    // A number of bytes that a body would have, and none comes.
    assert.equal(
      (await say(url, 'POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n')).text,
      NOT_FOUND,
    );
  });

  it('answers one request of a connection', async () => {
    const { url } = await served();
    assert.equal((await say(url, `${GET}\r\n${GET}\r\n${GET}\r\n`)).text, FOUND);
  });

  it('gives a slow scraper its time and no more, whether it sends nothing, half, or byte after byte', async () => {
    const { url } = await served();
    const dripping = async (): Promise<Heard> => {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname, () => socket.write(`${GET}X: `));
      const drip = setInterval(() => socket.write('y'), 50);
      const started = performance.now();
      socket.on('error', () => undefined);
      await new Promise((resolve) => socket.once('close', resolve));
      clearInterval(drip);
      return { text: '', ms: performance.now() - started };
    };
    for (const { text, ms } of await Promise.all([say(url, ''), say(url, GET), dripping()])) {
      assert.equal(text, '');
      assert.ok(ms >= CONNECTION_MS - 50 && ms < CONNECTION_MS + 2_000, `${ms}`);
    }
  });

  it('lets go of a scraper that never reads', async () => {
    const server = await served(`${TEXT}${'# x\n'.repeat(2_000_000)}`);
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname, () => socket.write(`${GET}\r\n`));
    socket.on('error', () => undefined);
    await pause(CONNECTION_MS + 500);
    socket.resume();
    const started = performance.now();
    await new Promise((resolve) => socket.once('close', resolve));
    assert.ok(socket.bytesRead < 8_000_000, `${socket.bytesRead}`);
    assert.ok(performance.now() - started < 2_000);
  });

  it('answers a few connections a second and no more, and goes on afterwards', async () => {
    const { url } = await served();
    // From the beginning of a second on.
    await pause(1_000 - (performance.now() % 1_000) + 20);
    const heard = await Promise.all(Array.from({ length: 53 }, () => say(url, `${GET}\r\n`)));
    const answered = heard.filter(({ text }) => text === FOUND).length;
    assert.ok(answered >= 1 && answered <= 2 * MOST_A_SECOND, `${answered} answers`);
    assert.ok(heard.every(({ text }) => text === FOUND || text === ''));
    await pause(NEXT_SECOND_MS);
    assert.equal((await say(url, `${GET}\r\n`)).text, FOUND);
  });

  it('ends every connection with it', async () => {
    const server = await ScrapeServer.start({ host: '127.0.0.1', port: 0 }, async () => TEXT);
    const { url } = server;
    const open = say(url, GET);
    await pause(100);
    await server.end();
    assert.equal((await open).text, '');
    await assert.rejects(fetch(url));
  });

  it('says in one line that a port is taken, and another one to choose', async () => {
    const { url } = await served();
    const { port } = new URL(url);
    const words = ['attach', String(process.pid), '--engine', 'watch', '--listen', `127.0.0.1:${port}`];
    const { code, stdout, stderr } = await runDrover(words);
    assert.deepEqual([code, stdout], [2, '']);
    assert.equal(
      stderr,
      `drover: Cannot listen on 127.0.0.1:${port}: another program listens there.\n` +
        `  Choose another port: --listen 127.0.0.1:${Number(port) + 1}\n`,
    );
  });
});

describe('the address of --listen', () => {
  it('is an IP address with a port', () => {
    assert.deepEqual(parseListen('127.0.0.1:9464'), { host: '127.0.0.1', port: 9_464 });
    assert.deepEqual(parseListen('localhost:1'), { host: '127.0.0.1', port: 1 });
    assert.deepEqual(parseListen('[::1]:65535'), { host: '::1', port: 65_535 });
    for (const text of [
      '9464',
      ':9464',
      '127.0.0.1',
      '127.0.0.1:',
      '127.0.0.1:65536',
      'web-1:9464',
      '::1:9464',
      '[127.0.0.1]:1',
      '[::1]',
      '127.1:9464',
      '127.0.0.1:9464/metrics',
      '',
    ])
      assert.throws(() => parseListen(text), UsageError, text);
  });

  it('is one of this host unless its user says otherwise', async () => {
    assert.deepEqual(
      ['127.0.0.1', '127.8.7.6', '::1', '0.0.0.0', '::', '10.0.0.1', '::ffff:127.0.0.1', '128.0.0.1'].map(isLoopback),
      [true, true, true, false, false, false, false, false],
    );
    const attach = ['attach', String(process.pid), '--engine', 'watch', '--listen'];
    const { code, stderr } = await runDrover([...attach, '0.0.0.0:9464']);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^drover: --listen 0\.0\.0\.0 can be reached from other hosts, .*\n {2}Write .* --listen-remote .*\n$/,
    );
  });

  it('is asked for with the engine that costs least', async () => {
    for (const [words, message] of [
      [['--listen', '127.0.0.1:9464'], /^drover: --listen needs --engine watch: .*\n {2}Add --engine watch\n$/],
      [['--engine', 'watch', '--listen-remote'], /^drover: --listen-remote says nothing without --listen\.\n/],
      [['--engine', 'watch', '--listen', ':9464'], /^drover: --listen :9464 is no IP address with a port\.\n/],
    ] as const) {
      const { code, stderr } = await runDrover(['attach', String(process.pid), ...words]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});

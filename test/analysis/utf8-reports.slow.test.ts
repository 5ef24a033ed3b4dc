import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { WORTH_A_THREAD } from '../../src/pipeline/parser-thread.ts';
import { openInputs } from '../../src/sources/open-inputs.ts';
import { needsTool } from '../support/needs-tool.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder();

/** A worker that waits a second for a lock while it serves a request: as bytes of a capture. */
function capture(target: string, file: string): Buffer {
  const lines = [
    'epoll_wait(5<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3, u64=3}}], 512, -1) = 1 <0.000100>',
    'accept4(3<socket:[99]>, {sa_family=AF_INET, sin_port=htons(5), sin_addr=inet_addr("10.0.0.1")}, [16], SOCK_CLOEXEC) = 9<socket:[100]> <0.000010>',
    `recvfrom(9<socket:[100]>, "GET ${target} HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 120 <0.000010>`,
    `flock(8<${file}>, LOCK_EX) = 0 <1.200000>`,
    'sendto(9<socket:[100]>, "HTTP/1.1 200 OK\\r\\n", 19, 0, NULL, 0) = -1 EPIPE (Broken pipe) <0.000010>',
    'close(9<socket:[100]>) = 0 <0.000001>',
  ];
  const at = [0.000_001, 0.000_3, 0.000_4, 0.000_5, 1.200_7, 1.200_8];
  return Buffer.from(
    lines.map((line, i) => `7 ${(1_795_189_522 + (at[i] ?? 0)).toFixed(6)} ${line}\n`).join(''),
    'latin1',
  );
}

async function analyze(name: string, bytes: Buffer): Promise<Report> {
  const path = join(FOLDER, name);
  writeFileSync(path, bytes);
  return analyzeInputs(openInputs([path]), {});
}

/** The requests that a report names. */
function requestsOf(report: Report): readonly string[] {
  const found = JSON.stringify(report.findings.map(({ metrics }) => metrics)).matchAll(/"(GET [^"]*)"/g);
  return [...new Set([...found].map(([, request = '']) => JSON.parse(`"${request}"`) as string))];
}

test('titles, summaries and requests are text, whether the capture has bytes or escapes', async () => {
  for (const [name, target, file] of [
    ['raw', Buffer.from('/café').toString('latin1'), Buffer.from('/srv/café.lock').toString('latin1')],
    ['octal', '/caf\\303\\251', '/srv/caf\\303\\251.lock'],
    [
      'hexadecimal',
      '\\x2f\\x63\\x61\\x66\\xc3\\xa9',
      '\\x2f\\x73\\x72\\x76\\x2f\\x63\\x61\\x66\\xc3\\xa9\\x2e\\x6c\\x6f\\x63\\x6b',
    ],
  ] as const) {
    const report = await analyze(name, capture(target, file));
    assert.equal(report.findings[0]?.title, '1 process waited 1.20 s for /srv/café.lock', name);
    assert.deepEqual(requestsOf(report), ['GET /café'], name);
    const { stdout } = await runDrover([join(FOLDER, name)]);
    assert.match(stdout, /serving GET \/café\./, name);
    for (const flag of ['--md', '--json'])
      assert.match((await runDrover([flag, join(FOLDER, name)])).stdout, /GET \/café/, name);
  }
});

test('the lines that prove it show a request as text, too', async () => {
  for (const target of ['/caf\\303\\251', Buffer.from('/café').toString('latin1')]) {
    const path = join(FOLDER, 'proof');
    writeFileSync(path, `${capture(target, '/srv/x.lock').toString('latin1')}`, 'latin1');
    const { findings } = JSON.parse((await runDrover(['--json', path])).stdout) as Report;
    const lines = findings
      .flatMap(({ evidence }) => evidence.map(({ text }) => text))
      .filter((text) => text.includes('recvfrom'));
    for (const line of lines) assert.match(line, /"GET \/café"/);
  }
});

test('requests that differ only in bytes that are no text stay apart', async () => {
  const targets = [
    '/caf\\351',
    '/caf\\350',
    '/caf\\\\xe9',
    '/caf\\303',
    '/\\300\\257',
    '/\\377',
    '/\\303\\240',
    '/\\303\\250',
  ];
  const names = await Promise.all(
    targets.map(async (target, i) => requestsOf(await analyze(`apart-${i}`, capture(target, '/srv/x.lock')))),
  );
  assert.deepEqual(names.flat(), [
    'GET /caf\\xe9',
    'GET /caf\\xe8',
    'GET /caf\\\\xe9',
    'GET /caf\\xc3',
    'GET /\\xc0\\xaf',
    'GET /\\xff',
    'GET /à',
    'GET /è',
  ]);
});

test('a large capture that is parsed in a thread gives the same names', async () => {
  const one = capture('/\\346\\227\\245\\346\\234\\254', '/srv/gr\\303\\266\\303\\237e');
  const filler = '7 1795189530.000000 read(4</srv/x>, "y", 1) = 1 <0.000010>\n';
  const large = Buffer.concat([one, Buffer.from(filler.repeat(Math.ceil(WORTH_A_THREAD / filler.length)))]);
  const report = await analyze('large', large);
  assert.ok(large.length > WORTH_A_THREAD);
  assert.deepEqual(requestsOf(report), ['GET /日本']);
  assert.match(report.findings[0]?.title ?? '', /\/srv\/größe/);
});

test('names of commands, of bpftrace and of perf trace are text', async () => {
  const strace = capture('/', '/srv/x.lock').toString('latin1').replace(/^7 /gm, '7<gr\\303\\266\\303\\237e> ');
  assert.equal((await analyze('comm', Buffer.from(strace, 'latin1'))).workers[0]?.comm, 'größe');
  const perf = [0, 1, 2, 3].map(
    (i) =>
      `  ${1_000 + i * 2_000}.000 (1200.000 ms): größe/7 flock(fd: 8</srv/café-日本.lock>, cmd: 2)                 = 0\n`,
  );
  const report = await analyze('perf', Buffer.from(perf.join('')));
  assert.equal(report.workers[0]?.comm, 'größe');
  assert.match(JSON.stringify(report.findings.map(({ title }) => title)), /\/srv\/café-日本\.lock/);
});

const SERVER = `
import selectors, socket, sys, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); s.setblocking(False)
sel = selectors.EpollSelector(); sel.register(s, 1); left = int(sys.argv[1])
print(s.getsockname()[1], flush=True)
while left:
    for key, _ in sel.select():
        if key.fileobj is s:
            c, _ = s.accept(); c.setblocking(False); sel.register(c, 1)
        else:
            c = key.fileobj; c.recv(8192); sel.unregister(c); time.sleep(0.3)
            c.send(b'HTTP/1.1 200 OK\\r\\ncontent-length: 0\\r\\n\\r\\n'); c.close(); left -= 1
`;

const CAFE = Buffer.from('/café');
const NIPPON = Buffer.from('/日本');
const LATIN = Buffer.from('/caf\xe9', 'latin1');
const NONE = Buffer.from('/\xff\xc0\xaf', 'latin1');

for (const [flags, targets, named] of [
  ['-s 128', [CAFE, LATIN], ['GET /caf\\xe9', 'GET /café']],
  ['-s 128', [NIPPON, NONE], ['GET /\\xff\\xc0\\xaf', 'GET /日本']],
  ['-s 128 -x', [CAFE, NONE], ['GET /\\xff\\xc0\\xaf', 'GET /café']],
  // Cut in the middle of a character.
  ['-s 9', [CAFE, NIPPON], ['GET /caf\\xc3', 'GET /日\\xe6']],
] as const) {
  test(
    `a real server that is asked for ${named.join(' and ')}, under strace ${flags}`,
    needsTool('strace', 'python3'),
    async () => {
      const trace = join(FOLDER, `real${named.length}${flags}`);
      const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
      // The last turn has no end, since the server leaves in it: one request more.
      const words = [
        '-f',
        '-ttt',
        '-T',
        '-y',
        ...flags.split(' '),
        '-o',
        trace,
        python,
        '-c',
        SERVER,
        String(targets.length + 1),
      ];
      const strace = spawn('strace', words, { stdio: ['ignore', 'pipe', 'ignore'] });
      const ended = once(strace, 'close');
      const [port] = (await once(strace.stdout, 'data')) as [Buffer];
      for (const target of [...targets, Buffer.from('/')]) {
        const socket = connect(Number(port), '127.0.0.1');
        socket.end(Buffer.concat([Buffer.from('GET '), target, Buffer.from(' HTTP/1.1\r\nhost: x\r\n\r\n')]));
        socket.resume();
        await once(socket, 'close');
      }
      await ended;
      const requests = requestsOf(await analyzeInputs(openInputs([trace]), {})).filter(
        (request) => request !== 'GET /',
      );
      assert.deepEqual(requests.toSorted(), [...named]);
    },
  );
}

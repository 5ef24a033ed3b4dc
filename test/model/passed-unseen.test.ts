import assert from 'node:assert/strict';
import test from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';

const GET = 'GET /%s HTTP/1.1\\x0d\\x0aHost: live\\x0d\\x0a\\x0d\\x0a';
const OK = 'HTTP/1.1 200 OK\\x0d\\x0aContent-Length: 2\\x0d\\x0a\\x0d\\x0aok';
const MS = 1_000_000;

/**
 * bpftrace on a node cluster: the primary accepts, and hands each connection over by a message, of which only the text
 * is shown. The worker serves some requests, then one more, which it answers or does not.
 */
function cluster({
  isMessage = true,
  isStuck = true,
}: {
  readonly isMessage?: boolean;
  readonly isStuck?: boolean;
}): string {
  const lines = [
    'event=fd pid=500 fd=20 is=socket:[1]',
    'event=fd pid=500 fd=14 is=anon_inode:[eventpoll]',
    'event=fd pid=501 fd=3 is=socket:[2]',
    'event=fd pid=501 fd=14 is=anon_inode:[eventpoll]',
    'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000',
  ];
  let at = 1_000_000_000;
  const call = (pid: number, tookMs: number, nr: number, ret: number, a: string, data = ''): void => {
    lines.push(`ts=${at} dur=${Math.round(tookMs * MS)} pid=${pid} tid=${pid} nr=${nr} ret=${ret} a=${a} data=${data}`);
    at += Math.round((tookMs + 0.01) * MS);
  };
  const request = (path: string): void => {
    call(500, 7, 281, 1, 'e,7ffd,400,ffffffff', '\\x01\\x00\\x00\\x00\\x14\\x00\\x00\\x00\\x00\\x00\\x00\\x00');
    call(500, 0.01, 288, 21, '14,7ffd,7ffe,80800', '\\x02\\x00\\xe6>\\x7f\\x00\\x00\\x01');
    call(500, 0.01, 46, 133, '16,7ffd,0,0', '{"cmd":"NODE_HANDLE"}');
    call(500, 0.01, 3, 0, '15,0,0,0');
    call(501, 8, 281, 1, 'e,7ffd,400,ffffffff', '\\x01\\x00\\x00\\x00\\x03\\x00\\x00\\x00\\x00\\x00\\x00\\x00');
    call(501, 0.01, isMessage ? 47 : 45, 133, '3,7ffd,40000000,0', '{"cmd":"NODE_HANDLE"}');
    call(501, 0.01, 233, 0, 'e,1,13,7ffd', '\\x01\\x00\\x00\\x00\\x13\\x00\\x00\\x00\\x00\\x00\\x00\\x00');
    call(501, 0.01, 0, 49, '13,1ad8,10000,0', GET.replace('%s', path));
  };
  const reply = (): void => {
    call(501, 0.01, 20, 97, '13,7ffd,2,7ffd', OK);
    call(501, 0.01, 3, 0, '13,0,0,0');
  };
  for (let turn = 0; turn < 7; turn++) {
    request('page');
    reply();
  }
  request('ladder');
  // The primary is back in its wait.
  const waits = `@in[500]: (${at}, 281, 14, 32765, 1024, 4294967295)\n`;
  if (!isStuck) reply();
  for (let step = 0; step < 311; step++)
    if (isStuck) call(501, 10, 202, -110, '16e5,80,0,7ffd');
    else call(501, 10, 281, 0, 'e,7ffd,400,a');
  return `${lines.join('\n')}\nevent=end ts=${at}\n${waits}`;
}

test('a worker that gets its connections by messages serves requests, and its stall is found', async () => {
  const report = await analyzed(cluster({}));
  const stall = only(report, 'loop-stall');
  assert.equal(stall.severity, 'critical');
  assert.match(stall.summary, /GET \/ladder/);
  assert.deepEqual(stall.workers, [501]);
  const worker = report.workers.find(({ pid }) => pid === 501);
  assert.deepEqual([worker?.role, worker?.requests], ['event-loop', 8]);
});

test('the same worker that answers and waits is no finding', async () => {
  const report = await analyzed(cluster({ isStuck: false }));
  none(report, 'loop-stall');
  assert.equal(report.workers.find(({ pid }) => pid === 501)?.role, 'event-loop');
  assert.deepEqual(
    report.findings.filter(({ severity }) => severity !== 'info'),
    [],
  );
});

test('without a message nothing was passed: bytes on a number of unknown origin may be a file', async () => {
  const report = await analyzed(cluster({ isMessage: false }));
  assert.equal(report.workers.find(({ pid }) => pid === 501)?.requests ?? 0, 0);
});

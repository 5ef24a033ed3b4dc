import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed } from '../support/analyzed.ts';

const RECORDED = String.raw`
2448 1795804524.439642 accept4(3<socket:[8865850]>, NULL, NULL, SOCK_CLOEXEC) = 4<socket:[8865922]> <1.675081>
2448 1795804526.115136 recvfrom(4<socket:[8865922]>, "GET /0 HTTP/1.0\r\n\r\n", 4096, 0, NULL, NULL) = 19 <0.000009>
2448 1795804526.115185 sendto(4<socket:[8865922]>, "HTTP/1.0 200 OK\r\n\r\nok", 21, 0, NULL, 0) = 21 <0.000101>
2448 1795804526.115326 close(4<socket:[8865922]>) = 0 <0.000030>
2448 1795804526.525156 accept4(3<socket:[8865850]>, NULL, NULL, SOCK_CLOEXEC) = 4<socket:[8866130]> <0.100248>
2448 1795804526.625609 recvfrom(4<socket:[8866130]>, "GET /5 HTTP/1.0\r\n\r\n", 4096, 0, NULL, NULL) = 19 <0.000010>
2448 1795804526.642833 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 5<socket:[8866146]> <0.000035>
2448 1795804526.643088 connect(5<socket:[8866146]>, {sa_family=AF_INET, sin_port=htons(21581), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000073>
2448 1795804526.643232 sendto(5<socket:[8866146]>, "GET /slow HTTP/1.0\r\n\r\n", 22, 0, NULL, 0) = 22 <0.000021>
`;

/**
 * The end of what `strace -e status=successful,failed -p 2448` recorded of a server of one process in 6 s: the service
 * that it asked at 526.643 never answered, and its client gave up after 3.0 s. Addresses of clients were taken out.
 */
const HIDDEN = RECORDED.trim().split('\n');
/** The lines up to the end of a request that was answered: strace left while the server waited for the next one. */
const IDLE = HIDDEN.slice(0, 4);

const reportOn = (lines: readonly string[]): Promise<Report> => analyzed(`${lines.join('\n')}\n`);

const clearIn = ({ outcomes }: Report): string[] =>
  Object.entries(outcomes).flatMap(([kind, { status }]) => (status === 'clear' ? [kind] : []));

describe('a capture of calls that had returned', () => {
  it('of one thread that hangs in a request does not say that nothing hangs', async () => {
    const report = await reportOn(HIDDEN);
    assert.match(
      report.verdict.text,
      /^Cannot tell: no thread is in a call at the end, and GET \/5 has no reply there\./,
    );
    assert.equal(report.verdict.confidence, 'cannot-tell');
    assert.match(report.quality.notes.join(' '), /calls that had not returned were left out \(-e status, -z, -P\)/);
    for (const kind of ['stuck-call', 'worker-saturation', 'slow-dependency', 'loop-stall', 'abandoned-request'])
      assert.ok(!clearIn(report).includes(kind), kind);
  });

  it('names the call where strace printed it', async () => {
    const report = await reportOn([...HIDDEN, '2448 1795804526.643300 recvfrom(5<socket:[8866146]>,  <detached ...>']);
    assert.doesNotMatch(report.quality.notes.join(' '), /No thread is in a call/);
    assert.match(report.verdict.text, /waits in recvfrom on 127\.0\.0\.1:21581/);
  });

  it('says nothing of an end between two requests, or of a process that ended', async () => {
    for (const lines of [IDLE, [...HIDDEN, '2448 1795804529.643300 +++ killed by SIGTERM +++']])
      assert.doesNotMatch((await reportOn(lines)).quality.notes.join(' '), /No thread is in a call/);
  });

  it('is none where calls were printed in two halves', async () => {
    const halves = [...HIDDEN.slice(0, -1), '2449 1795804526.643200 accept4(3<socket:[8865850]>,  <unfinished ...>'];
    assert.doesNotMatch((await reportOn(halves)).quality.notes.join(' '), /No thread is in a call/);
  });

  it('of a file for each thread lays no silence up to the end to the processor', async () => {
    const other = [7, 8, 9].map(
      (at) =>
        `2449 179580452${at}.100000 accept4(3<socket:[8865850]>, NULL, NULL, SOCK_CLOEXEC) = 4<socket:[${at}]> <0.9>`,
    );
    const report = await reportOn([...HIDDEN, ...other]);
    assert.equal(report.verdict.confidence, 'cannot-tell');
    assert.deepEqual(
      report.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
      [],
    );
    assert.ok(!clearIn(report).includes('worker-saturation'));
  });
});

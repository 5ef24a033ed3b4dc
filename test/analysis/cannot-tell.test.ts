import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed } from '../support/analyzed.ts';
import { Lines } from '../support/lives.ts';

/** A program that waits for another service, and neither accepts nor loops. */
function program(pid: number): Lines {
  const lines = new Lines();
  for (let i = 0; i < 17; i++) lines.add(pid, `recvfrom(7, "x", 1, 0, NULL, NULL) = 1 <0.000013>`);
  return lines;
}

describe('the verdict on a process that nobody saw serving', () => {
  it('is no all-clear, however good the data are', async () => {
    const { verdict, quality, workers } = await analyzed(program(101).toString());
    assert.deepEqual([quality.grade, workers.map(({ role }) => role)], ['good', ['unknown']]);
    assert.deepEqual(verdict, {
      severity: 'none',
      confidence: 'cannot-tell',
      text:
        'Cannot tell: no worker that accepts connections was seen. If this is a server, record its workers while ' +
        'clients connect.',
    });
  });

  it('says so where it accepts, whatever else it does', async () => {
    const woken = 'epoll_wait(3, [{EPOLLIN, {u32=4, u64=4}}], 9, 100) = 1';
    const from = '{sa_family=AF_INET, sin_port=htons(36536), sin_addr=inet_addr("10.0.0.9")}';
    for (const line of [
      `${woken}\naccept(4, ${from}, [16]) = 5`,
      `${woken}\naccept(4, 0x2487964, [110]) = -1 EAGAIN (Resource temporarily unavailable)`,
    ]) {
      const { verdict, workers } = await analyzed(`${line}\n`);
      assert.deepEqual(
        workers.map(({ role }) => role),
        ['unknown'],
      );
      assert.equal(
        verdict.text,
        'Cannot tell: a process accepts connections, and the capture does not show how it serves them.',
      );
    }
  });

  it('says so where accepts found nothing, and nothing else is known of the process', async () => {
    const accept = 'accept4(56, 0x7fff1b8bcd10, [112], SOCK_NONBLOCK) = -1 EAGAIN (Resource temporarily unavailable)\n';
    const { verdict } = await analyzed(accept.repeat(7));
    assert.equal(verdict.text, 'Cannot tell: accept was called, and no call found a connection.');
  });

  it('still names the process when it has ended, with a line of its end or without', async () => {
    for (const end of ['exit_group(0) = ?', '+++ exited with 0 +++']) {
      const { workers } = await analyzed(program(101).add(101, end).toString());
      assert.deepEqual(
        workers.map(({ pid }) => pid),
        [101],
        end,
      );
    }
  });

  it('names the first 64 programs that ended, and counts the others', async () => {
    const lines = new Lines();
    for (let pid = 101; pid < 101 + 1_009; pid++)
      lines.add(pid, 'getppid() = 1 <0.000010>').add(pid, '+++ exited with 0 +++');
    const { workers, omitted } = await analyzed(lines.toString());
    assert.deepEqual([workers.length, omitted?.workers], [64, 1_009 - 64]);
  });
});

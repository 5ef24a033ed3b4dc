import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { askNameServer } from '../../src/detectors/ask-there.ts';
import { analyzed, only } from '../support/analyzed.ts';
import { prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';

describe('how to ask a name server by hand', () => {
  it('is a command that works as it stands: the root is a name that each of them can look up', () => {
    assert.equal(askNameServer('127.0.0.53:53 (DNS)').command, 'dig @127.0.0.53 -p 53 . NS +tries=1 +time=2');
    assert.equal(askNameServer('[fe80::1]:5353').command, 'dig @fe80::1 -p 5353 . NS +tries=1 +time=2');
  });

  it('begins with which ones are asked, where the capture does not tell', () => {
    assert.equal(askNameServer('socket fd 12').command, 'cat /etc/resolv.conf');
    assert.equal(askNameServer('').command, 'cat /etc/resolv.conf');
  });
});

describe('what to do about a blocking call', () => {
  async function firstStep(call: string, label: string): Promise<string> {
    const { trace, workers } = prefork([101], { argv: ['gunicorn', '-k', 'gevent'] });
    const worker = workers[0] as ThreadLines;
    worker.waitUntil(50, LISTENER).accept(11).waitUntil(60, 11).read(11, 'GET /a HTTP/1.1\\r\\n\\r\\n');
    worker.call(`${call}(17${label}`, ', "<8 bytes>", 1024)', 8, 400).send(11, 'HTTP/1.1 200 OK').waitUntil(2_000);
    const [step] = only(await analyzed(trace), 'loop-stall').next;
    return `${step?.text} ${step?.command ?? ''}`;
  }

  it('speaks of sockets only where one is waited for', async () => {
    assert.match(await firstStep('recvfrom', '<TCP:[10.0.0.1:40000->10.0.0.7:9000]>'), /on a non-blocking socket/);
    assert.match(await firstStep('read', '<anon_inode:[eventfd]>'), /^Find the thread that writes to event fd 17/);
    assert.match(
      await firstStep('read', '<pipe:[77]>'),
      /P=\$\(readlink \/proc\/101\/fd\/17\) && ls -l .* grep -F "\$P"$/,
    );
  });
});

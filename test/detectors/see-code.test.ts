import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import { analyzed, only } from '../support/analyzed.ts';
import { attached, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';

/** A stall without calls of a worker of this command line. */
async function stall(argv: readonly string[]): Promise<Finding> {
  const { trace, workers } = prefork([101], { argv });
  workers[0]?.waitUntil(50, LISTENER).serve(11, 'GET /a', { work: 500 }).waitUntil(3000);
  return only(await analyzed(trace), 'loop-stall');
}

/** The same of a worker that was up before the capture and signs its replies. */
async function signed(name: string): Promise<Finding> {
  const { trace, workers } = attached([101]);
  const [worker] = workers as [ThreadLines];
  const reply = `HTTP/1.1 200 OK\\r\\nServer: ${name}\\r\\nContent-Length: 0\\r\\n\\r\\n`;
  for (const at of [50, 1000])
    worker
      .waitUntil(at, LISTENER)
      .accept(11)
      .read(11, 'GET /a')
      .gap(at === 50 ? 0 : 500)
      .call(`sendto(${worker.fd(11)}, "${reply}", 64, 0, NULL, 0`, ')', 64)
      .close(11);
  worker.waitUntil(3000);
  return only(await analyzed(trace), 'loop-stall');
}

const words = ({ next }: Finding): string =>
  next.map(({ text, command = '', needs = '', caveat = '' }) => `${text} ${command} ${needs} ${caveat}`).join('\n');

describe('the advice about code', () => {
  for (const [argv, tool] of [
    [['/usr/bin/python3', '-m', 'uvicorn'], /py-spy dump --pid 101/],
    [['gunicorn', '-k', 'gevent'], /py-spy dump --pid 101/],
    [['/usr/bin/node', '/srv/app.js'], /perf record -g -p 101/],
    [['nginx', '-c', '/etc/nginx.conf'], /gdb -p 101/],
    [['/usr/bin/ruby', '/usr/bin/puma'], /rbspy dump --pid 101/],
    [['java', '-jar', 'app.jar'], /jstack 101/],
    [['php-fpm8.2', '-F'], /phpspy -p 101/],
  ] as const)
    it(`is for that process: ${argv[0]}`, async () => {
      const said = words(await stall(argv));
      assert.match(said, tool);
      const isPython = /py-spy/.test(tool.source);
      assert.equal(/py-spy|gevent|greenlet|gthread|interpreter lock/.test(said), isPython, said);
    });

  it('names several tools where nothing tells what runs', async () => {
    assert.match(
      words(await stall(['/srv/bin/server'])),
      /py-spy dump --pid 101 \(Python\), .*\(node and others\).*readlink \/proc\/101\/exe/s,
    );
  });

  it('knows a server that was up before by the name in its replies', async () => {
    assert.match(words(await signed('nginx/1.22.1')), /gdb -p 101/);
    assert.doesNotMatch(words(await signed('nginx/1.22.1')), /py-spy|greenlet/);
    assert.match(words(await signed('uvicorn')), /py-spy dump --pid 101/);
  });
});

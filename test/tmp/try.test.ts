import { it } from 'node:test';
import { analyzed } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';

it('x', async () => {
  for (const brick of ['[', '[]', '[[]', ']', '[1<', '[1<a>, ', '[1, ']) {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).call('recvmsg(3<socket:[31]>, ', `{msg_control=[{cmsg_type=SCM_RIGHTS, cmsg_data=[${brick.repeat(60000/brick.length)})`, 21).waitUntil(90);
    const start = performance.now();
    await analyzed(trace).catch((e) => console.log(String(e).slice(0,100)));
    console.log(JSON.stringify(brick), performance.now() - start);
  }
});

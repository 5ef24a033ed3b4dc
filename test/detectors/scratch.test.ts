import { it } from 'node:test';
import { analyzed } from '../support/analyzed.ts';
import { prefork } from '../support/server-lines.ts';

it('x', async () => {
  const { trace, workers } = prefork([101, 102, 103]);
  for (const [i, w] of workers.entries()) {
    w.waitUntil(50 + i * 0.01, 5);
    if (i === 0) w.serve(11, 'GET /a', { work: 100 });
    else w.acceptNothing();
    w.waitUntil(300);
  }
  console.log(trace.text());
  const r = await analyzed(trace);
  console.log(JSON.stringify({ f: r.findings, o: r.outcomes, w: r.workers, q: r.quality }, null, 1));
});

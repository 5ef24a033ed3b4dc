import { it } from 'node:test';
import { analyzed } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';

it('x', async () => {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, 5).accept(11).read(11, 'GET /a');
  worker.call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=500000000}', ', NULL)', 0, 1500).reply(11).close(11).waitUntil(3000, 5).serve(11, 'GET /b', { work: 1500 }).waitUntil(7000);
  for (const style of [{ stamps: 'none' }, { stamps: 'none', durations: false }, { stamps: 'seconds' }, { stamps: 'seconds', durations: false }, { durations: false }, { pids: false }] as const) {
    const r = await analyzed(trace, style);
    console.log(JSON.stringify(style), r.outcomes['loop-stall'], r.findings.map((f) => [f.severity, f.sureness, f.summary]), r.quality.notes, r.verdict.text);
  }
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { LiveServer, tracersIn } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What drover says of its own cost, beside a real server under load. */
const LIVE = needsLive('bpftrace');
const FOLDER = temporaryFolder();
let server: LiveServer;
let load: { stop(): void } | undefined;

before(async () => {
  if (LIVE.skip !== false) return;
  server = await LiveServer.start();
  load = server.load(97);
});
after(async () => {
  load?.stop();
  await server?.stop();
});

for (const engine of ['bpftrace', 'strace']) {
  test(`${engine}: the report says what tracing cost, and the saved capture says the same`, LIVE, async () => {
    const saved = join(FOLDER, `cost.${engine}`);
    const target = ['attach', String(server.master), '--engine', engine, '--yes'];
    const { code, stdout, stderr } = await runDrover([...target, '--for', '4s', '--save', saved, '--json']);
    assert.equal(code, 0, stderr);
    const { cost } = JSON.parse(stdout);
    assert.ok(cost.tracerMs > 0 && cost.droverMs > 0, JSON.stringify(cost));
    assert.ok(cost.durationMs > 2_500 && cost.durationMs < 15_000, JSON.stringify(cost));
    assert.ok(cost.percent > 0 && cost.percent < 400, JSON.stringify(cost));
    const isCounted = readFileSync('/proc/sys/kernel/bpf_stats_enabled', 'latin1').trim() === '1';
    assert.equal(cost.kernelMs !== null, engine === 'bpftrace' && isCounted);
    const again = reportIn(await runDrover([saved, '--json']));
    assert.deepEqual(again.cost, cost);
  });

  test(`${engine}: above the limit of the user it detaches, and says so`, LIVE, async () => {
    const spool = FOLDER;
    const target = ['attach', String(server.master), '--engine', engine, '--yes', '--spool', spool];
    const { code, stdout, stderr } = await runDrover([...target, '--for', '50s', '--max-cost', '0.01%', '--json']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Tracing took \d+\.\d % of a CPU over the last 10 s, more than the 0\.01 % of --max-cost/);
    assert.match(stderr, /Detached from 4 processes, all running/);
    const { window, quality } = JSON.parse(stdout);
    assert.ok(window.durationMs < 40_000, String(window.durationMs));
    assert.ok(quality.diagnostics.some(({ code: found }: { code: string }) => found === 'capture-ended-early'));
    assert.deepEqual(tracersIn(spool), []);
  });
}

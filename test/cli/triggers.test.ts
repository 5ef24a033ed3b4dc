import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import test from 'node:test';
import { CommandWatch } from '../../src/cli/capture/command-watch.ts';
import { Triggers } from '../../src/cli/capture/triggers.ts';
import { until } from '../support/live-server.ts';
import { buildFinding, buildReport } from '../support/report-builder.ts';

function stall(endTime: string, longestMs: number, openEnded = false, pid = 4711) {
  return buildFinding({
    kind: 'loop-stall',
    title: `Worker ${pid} stalled`,
    workers: [pid],
    endTime,
    openEnded,
    metrics: { longestMs },
  });
}

const T1 = '2026-11-26T10:00:01.000000Z';
const T2 = '2026-11-26T10:00:02.000000Z';

test('a stall is told once, the next one again, and shorter ones never', () => {
  const triggers = new Triggers([{ kind: 'stall', ms: 500 }]);
  assert.equal(triggers.look(buildReport({ findings: [] })), null);
  assert.equal(triggers.look(buildReport({ findings: [stall(T1, 499)] })), null);
  assert.equal(triggers.look(buildReport({ findings: [stall(T1, 500)] })), 'Worker 4711 stalled');
  assert.equal(triggers.look(buildReport({ findings: [stall(T1, 500)] })), null);
  assert.equal(triggers.look(buildReport({ findings: [stall(T2, 500)] })), 'Worker 4711 stalled');
});

test('a stall that goes on is told once, and not again when it ends', () => {
  const triggers = new Triggers([{ kind: 'stall', ms: 500 }]);
  const goesOn = buildReport({ findings: [stall(T1, 700, true)] });
  assert.equal(triggers.look(goesOn), null);
  assert.equal(triggers.lookAtOpen(goesOn), 'Worker 4711 stalled, which still goes on');
  assert.equal(triggers.lookAtOpen(goesOn), null);
  assert.equal(triggers.look(buildReport({ findings: [stall(T2, 900)] })), null);
  const other = buildReport({ findings: [stall(T2, 900, true), stall(T2, 900, true, 4713)] });
  assert.equal(triggers.lookAtOpen(other), 'Worker 4713 stalled, which still goes on');
  triggers.allAreBack();
  assert.equal(triggers.lookAtOpen(goesOn), 'Worker 4711 stalled, which still goes on');
});

test('errors and deaths are told when there are more of them; what was read before is not new', () => {
  const triggers = new Triggers([{ kind: 'error', errno: 'EPIPE' }, { kind: 'death' }]);
  const failed = (count: number, deaths = 0) =>
    buildReport({
      calls: [
        { call: 'sendto', count: 97, errors: { EPIPE: count, EAGAIN: 3 }, totalMs: 1, maxMs: 1, p50Ms: 1, p99Ms: 1 },
      ],
      findings:
        deaths === 0
          ? []
          : [buildFinding({ kind: 'worker-death', title: 'SIGKILL killed', metrics: { count: deaths } })],
    });
  triggers.skip(failed(2));
  assert.equal(triggers.look(failed(2)), null);
  assert.equal(triggers.look(failed(3)), 'EPIPE of sendto');
  assert.equal(triggers.look(failed(3, 1)), 'SIGKILL killed');
  assert.equal(triggers.look(failed(3, 1)), null);
  assert.equal(triggers.look(failed(3, 2)), 'SIGKILL killed');
});

test('a command is told when it begins to fail, and again when it had worked in between', async () => {
  const told: string[] = [];
  const codes = ['3', '3', '0', '7'];
  const path = `/tmp/drover-command-${process.pid}`;
  const cases = codes.map((code, at) => `${at + 1}) exit ${code};;`).join(' ');
  const script = `echo >> ${path}; case $(wc -l < ${path}) in ${cases} *) exit 7;; esac`;
  const watch = await CommandWatch.start(['sh', '-c', script], (reason) => told.push(reason), 20);
  try {
    await until('a second failure', () => told.length >= 2);
    assert.deepEqual(told, ['sh failed: exit code 3', 'sh failed: exit code 7']);
  } finally {
    watch.end();
    rmSync(path, { force: true });
  }
});

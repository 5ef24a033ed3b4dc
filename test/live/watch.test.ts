import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { machineOf } from '../../src/sources/bpftrace/program.ts';
import { processCall } from '../../src/sources/live/process-call.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LiveServer, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { reportIn, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** bpftrace that only counts, beside a real gunicorn. */
const LIVE = needsLive('bpftrace');
const FOLDER = temporaryFolder();
const MACHINE = machineOf(process.arch) ?? 'x86-64';

interface Reported {
  readonly outcomes: Readonly<Record<string, { readonly status: string; readonly reason: string }>>;
  readonly calls: readonly { readonly call: string; readonly count: number }[];
  readonly quality: { readonly unparsedLines: number; readonly lostEvents: number };
  readonly findings: readonly {
    readonly kind: string;
    readonly workers: readonly number[];
    readonly metrics: { readonly longestMs?: number; readonly count?: number; readonly cause?: string };
  }[];
}

test(
  'watch: stalls, replies that nobody reads and accepts are those that there were; replay says the same',
  LIVE,
  async () => {
    const server = await LiveServer.start({ workers: 2 });
    const saved = join(FOLDER, 'watch.bpftrace');
    const drover = await LiveDrover.start(
      ['attach', String(server.master), '--engine', 'watch', '--for', '50s', '--save', saved].concat('--json'),
    );
    try {
      // Its probes are put in place one after the other.
      await pause(3_000);
      const asked = 101;
      for (let each = 0; each < asked; each++) assert.ok((await server.get('/')) !== null);
      await server.get('/stall');
      for (let each = 0; each < 3; each++) {
        await server.leave('/parts', 50);
        await pause(500);
      }
      await pause(1_500);
      drover.signal('SIGINT');
      assert.equal((await drover.ended).code, 0, drover.stderr);
      const report: Reported = JSON.parse(drover.stdout);
      assert.deepEqual([report.quality.unparsedLines, report.quality.lostEvents], [0, 0]);
      const longest = report.findings
        .filter(({ kind }) => kind === 'loop-stall')
        .map(({ metrics }) => metrics.longestMs ?? 0);
      assert.ok(
        longest.some((ms) => ms > 360 && ms < 900),
        JSON.stringify(report.findings),
      );
      assert.ok(report.findings.some(({ kind, metrics }) => kind === 'broken-pipe' && (metrics.count ?? 0) >= 3));
      const accepts = report.calls.find(({ call }) => call === 'accept4')?.count ?? 0;
      assert.ok(accepts >= asked + 4 && accepts < asked * 3, String(accepts));
      assert.notEqual(report.outcomes['thundering-herd']?.status, 'failed');
      const again: Reported = reportIn(await runDrover([saved, '--json']));
      assert.deepEqual(again.findings, report.findings);
    } finally {
      drover.kill();
      await drover.ended;
      await server.stop();
    }
  },
);

test('watch, as a flight recorder: a stall, a failed write and a death are each written', LIVE, async () => {
  const server = await LiveServer.start({ workers: 2 });
  const words = ['record', String(server.master), '--engine', 'watch', '--ring', '5s', '-o', join(FOLDER, 'web.trace')];
  const drover = await LiveDrover.start([...words, '--until', 'stall>300ms', '--until', 'EPIPE', '--until', 'death']);
  const known = new Map<string, readonly string[]>();
  // A machine that others use may stall as well: each is looked for in all that was written.
  const isWritten = async (kind: string): Promise<boolean> => {
    for (const path of drover.stdout.split('\n').filter((line) => line !== '')) {
      if (known.has(path)) continue;
      const report: Reported = reportIn(await runDrover([path, '--json']));
      known.set(
        path,
        report.findings.map((finding) => finding.kind),
      );
    }
    return [...known.values()].some((kinds) => kinds.includes(kind));
  };
  const written = (kind: string): Promise<void> => until(`a dump with ${kind}`, () => isWritten(kind), 20_000);
  const load = server.load(23);
  try {
    await pause(3_000);
    await server.get('/stall');
    await written('loop-stall');
    await pause(5_500);
    await server.leave('/parts', 50);
    await written('broken-pipe');
    await pause(5_500);
    process.kill(server.workers[0] ?? 0, 'SIGKILL');
    await written('worker-death');
    assert.match(drover.stderr, /dump 3 of 10/);
  } finally {
    load.stop();
    drover.kill();
    await drover.ended;
    await server.stop();
  }
});

test('watch: a worker that hangs all the time is found by what the kernel says of it', LIVE, async () => {
  const server = await LiveServer.start({ workers: 2 });
  try {
    void server.leave('/hang', 200);
    await pause(500);
    const words = ['attach', String(server.master), '--engine', 'watch', '--for', '5s', '--json'];
    const load = server.load(23);
    const { code, stdout, stderr } = await runDrover(words);
    load.stop();
    assert.equal(code, 0, stderr);
    const report: Reported = JSON.parse(stdout);
    assert.ok(
      report.findings.some(({ kind }) => kind === 'stuck-call'),
      JSON.stringify([report.findings, report.outcomes['stuck-call']]),
    );
  } finally {
    await server.stop();
  }
});

test(
  'watch: a worker that began to hang while it was attached is in the report, and one that came back is not',
  LIVE,
  async () => {
    const server = await LiveServer.start({ workers: 2 });
    const saved = join(FOLDER, 'hang.bpftrace');
    const words = ['attach', String(server.master), '--engine', 'watch', '--for', '50s', '--save', saved, '--json'];
    const drover = await LiveDrover.start(words);
    const load = server.load(23);
    try {
      await pause(1_500);
      void server.leave('/stall', 2_000);
      await pause(1_500);
      void server.leave('/hang', 20_000);
      // On a busy machine the request may come late.
      const isAsleep = (pid: number): boolean => processCall(pid, MACHINE)?.call === 'clock_nanosleep';
      await until('a worker to hang', () => server.workers.some(isAsleep));
      await pause(4_000);
      assert.ok(server.workers.some(isAsleep));
      drover.signal('SIGINT');
      assert.equal((await drover.ended).code, 0, drover.stderr);
      const report: Reported = JSON.parse(drover.stdout);
      const stuck = report.findings.filter(({ kind }) => kind === 'stuck-call');
      const behind = readFileSync(saved, 'utf8').split('\n').slice(-20).join('\n');
      assert.equal(stuck.length, 1, `${JSON.stringify(report.outcomes['stuck-call'])} ${behind}`);
      assert.equal(stuck[0]?.workers.length, 1, JSON.stringify(stuck));
      const again: Reported = reportIn(await runDrover([saved, '--json']));
      assert.deepEqual(again.findings, report.findings);
    } finally {
      load.stop();
      drover.kill();
      await drover.ended;
      await server.stop();
    }
  },
);

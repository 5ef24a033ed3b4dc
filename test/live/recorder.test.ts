import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LiveServer, tracersIn, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** The flight recorder beside a real server: what it writes, when, and what becomes of the server. */
const LIVE = needsLive('bpftrace', 'fallocate');
const FOLDER = temporaryFolder();
let server: LiveServer;

before(async () => {
  if (LIVE.skip !== false) return;
  server = await LiveServer.start();
});
after(() => server?.stop());

function place(name: string): string {
  const path = join(FOLDER, name);
  mkdirSync(path, { mode: 0o700 });
  return path;
}

function record(folder: string, ...words: readonly string[]): Promise<LiveDrover> {
  const target = ['record', String(server.master), '--spool', folder, '-o', join(folder, 'web.trace'), '--yes'];
  return LiveDrover.start([...target, ...words]);
}

function dumpsIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('web-'))
    .sort()
    .map((name) => join(folder, name));
}

async function dumpAppears(drover: LiveDrover, folder: string, count = 1): Promise<string> {
  const waited = `dump ${count}; said so far: ${drover.stderr}`;
  await until(waited, () => dumpsIn(folder).length >= count, 20_000);
  return dumpsIn(folder)[count - 1] as string;
}

interface Reported {
  readonly source: { readonly format: string };
  readonly quality: { readonly unparsedLines: number };
  readonly window: { readonly durationMs: number };
  readonly calls: readonly { readonly call: string; readonly errors: Readonly<Record<string, number>> }[];
  readonly findings: readonly {
    readonly kind: string;
    readonly openEnded: boolean;
    readonly workers: readonly number[];
    readonly metrics: { readonly longestMs?: number; readonly deaths?: readonly { readonly pid: number }[] };
  }[];
}

async function reportOn(path: string): Promise<Reported> {
  const { code, stdout, stderr } = await runDrover([path, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

for (const engine of ['bpftrace', 'strace'])
  test(`${engine}: a stall is written with what led to it, as an ordinary capture`, LIVE, async () => {
    const folder = place(`stall-${engine}`);
    const load = server.load(23);
    const drover = await record(folder, '--engine', engine, '--ring', '6s', '--until', 'stall>300ms');
    try {
      // Longer than the ring, so that its beginning was given back before anything happens.
      await pause(9_000);
      assert.deepEqual(dumpsIn(folder), []);
      const stalledFrom = Date.now();
      await server.get('/stall');
      const path = await dumpAppears(drover, folder);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      const report = await reportOn(path);
      assert.equal(report.quality.unparsedLines, 0);
      assert.ok(
        report.window.durationMs > 4_000 && report.window.durationMs < 11_000,
        String(report.window.durationMs),
      );
      const stalls = report.findings.filter(({ kind }) => kind === 'loop-stall');
      assert.ok(
        stalls.some(({ metrics: { longestMs = 0 } }) => longestMs > 350 && longestMs < 900),
        JSON.stringify(stalls),
      );
      drover.signal('SIGINT');
      assert.equal((await drover.ended).code, 0);
      assert.match(
        drover.stderr,
        /(?:stalled|holds) .*: dump 1 of 10 \(.* [kM]B, the last \d+ s\) is .*web-\d+T\d+\.trace\./,
      );
      assert.equal(drover.stdout.trim().split('\n')[0], path);
      assert.match(drover.stderr, /Detached from 4 processes, all running/);
      assert.ok(Date.now() - stalledFrom < 60_000);
      // Only dumps are left.
      assert.deepEqual(
        readdirSync(folder).filter((name) => !name.startsWith('web-')),
        [],
      );
    } finally {
      load.stop();
      drover.kill();
    }
  });

test('a stall that is shorter than asked for, and a recorder that is asked to end, leave no dump', LIVE, async () => {
  const folder = place('shorter');
  const drover = await record(
    folder,
    '--engine',
    'bpftrace',
    '--ring',
    '6s',
    '--until',
    'stall>900ms',
    '--until',
    'death',
  );
  await server.get('/stall');
  await pause(3_000);
  drover.signal('SIGINT');
  assert.equal((await drover.ended).code, 0);
  assert.deepEqual(readdirSync(folder), []);
  assert.match(drover.stderr, /No --until condition was met: no file was written\./);
});

test('a worker that does not come back is written while it hangs', LIVE, async () => {
  const own = await LiveServer.start({ workers: 2 });
  const folder = place('hang');
  const drover = await LiveDrover.start(
    ['record', String(own.master), '--spool', folder, '-o', join(folder, 'web.trace')].concat(
      '--engine bpftrace --ring 20s --until stall>500ms'.split(' '),
    ),
  );
  try {
    void own.leave('/hang', 300);
    const report = await reportOn(await dumpAppears(drover, folder));
    const open = report.findings.filter(({ openEnded }) => openEnded);
    assert.ok(
      open.some(({ kind }) => kind === 'stuck-call' || kind === 'loop-stall'),
      JSON.stringify(report.findings),
    );
    // It is told once, however long it hangs.
    await pause(3_000);
    assert.equal(dumpsIn(folder).length, 1);
  } finally {
    drover.kill();
    await drover.ended;
    await own.stop();
  }
});

test('workers that were stuck before it came are written, too, also where nothing is traced', LIVE, async () => {
  for (const engine of ['strace', 'bpftrace']) {
    const own = await LiveServer.start({ workers: 2 });
    const folder = place(`stuck-before-${engine}`);
    void own.leave('/hang', 20_000);
    void own.leave('/hang', 20_000);
    await pause(1_000);
    const words = ['record', String(own.master), '--spool', folder, '-o', join(folder, 'web.trace'), '--yes'];
    const drover = await LiveDrover.start([...words, '--engine', engine, '--ring', '20s', '--until', 'stall>500ms']);
    try {
      const report = await reportOn(await dumpAppears(drover, folder));
      assert.ok(
        report.findings.some(({ kind, openEnded }) => openEnded && (kind === 'stuck-call' || kind === 'loop-stall')),
        JSON.stringify(report.findings),
      );
    } finally {
      drover.kill();
      await drover.ended;
      await own.stop();
    }
  }
});

test('a reply that nobody reads, a death, a signal and a command that fails', LIVE, async () => {
  const own = await LiveServer.start({ workers: 3 });
  const folder = place('others');
  const health = join(folder, 'healthy');
  writeFileSync(health, '');
  const drover = await LiveDrover.start([
    ...['record', String(own.master), '--spool', folder, '-o', join(folder, 'web.trace'), '--engine', 'bpftrace'],
    ...['--ring', '4s', '--dumps', '4', '--until', 'EPIPE', '--until', 'death', '--until', `cmd:test -e '${health}'`],
  ]);
  try {
    // bpftrace says that it begins before its last probe is in place.
    await pause(1_500);
    // One after the other; each is far enough from the one before.
    await own.leave('/parts', 100);
    const hungUp = await reportOn(await dumpAppears(drover, folder, 1));
    assert.ok(
      hungUp.calls.some(({ errors }) => (errors.EPIPE ?? 0) > 0),
      `${drover.stderr}${JSON.stringify(hungUp.calls)}`,
    );
    await pause(4_500);
    const [victim = 0] = own.workers;
    process.kill(victim, 'SIGKILL');
    const died = await reportOn(await dumpAppears(drover, folder, 2));
    const deaths = died.findings.flatMap(({ metrics }) => metrics.deaths ?? []);
    assert.ok(deaths.some(({ pid }) => pid === victim));
    await pause(4_500);
    drover.signal('SIGUSR1');
    await reportOn(await dumpAppears(drover, folder, 3));
    await pause(4_500);
    execFileSync('rm', [health]);
    await dumpAppears(drover, folder, 4);
    // As many as were asked for.
    assert.equal((await drover.ended).code, 0);
    assert.match(drover.stderr, /EPIPE of \w+: dump 1/);
    assert.match(drover.stderr, /Asked by SIGUSR1: dump 3/);
    assert.match(drover.stderr, /test failed: exit code 1: dump 4/);
    assert.match(drover.stderr, /4 dumps were written \(--dumps\): the recorder ends\./);
    assert.equal(drover.stdout.trim().split('\n').length, 4);
  } finally {
    drover.kill();
    await own.stop();
  }
});

test(
  'kill -9 of the recorder: the workers run untraced, no tracer is left, and what was written is whole',
  LIVE,
  async () => {
    for (const engine of ['bpftrace', 'strace']) {
      const rate = await server.rate(1_000);
      const folder = place(`kill-${engine}`);
      const drover = await record(folder, '--engine', engine, '--ring', '3s');
      const load = server.load(23);
      await pause(2_000);
      drover.signal('SIGUSR1');
      const path = await dumpAppears(drover, folder);
      drover.signal('SIGKILL');
      await drover.ended;
      load.stop();
      await server.recovers(rate);
      await until('no tracer to be left', () => tracersIn(folder).length === 0, 3_000);
      const report = await reportOn(path);
      assert.equal(report.quality.unparsedLines, 0);
      assert.ok(report.calls.length > 3);
    }
  },
);

test('what is kept takes no more space than the ring, however much was traced', LIVE, async () => {
  const folder = place('space');
  const load = server.load(200);
  const drover = await record(folder, '--engine', 'bpftrace', '--ring', '2s', '--max-spool', '4M');
  try {
    const spool = (): { readonly size: number; readonly used: number } => {
      const [inner = ''] = readdirSync(folder).filter((name) => name.startsWith('drover-'));
      const { size, blocks } = statSync(join(folder, inner, 'trace.bpftrace'));
      return { size, used: blocks * 512 };
    };
    let most = 0;
    await until(
      'more than the ring to be traced',
      () => {
        const { size, used } = spool();
        most = Math.max(most, used);
        return size > 6_000_000;
      },
      40_000,
    );
    assert.ok(most <= 5 * 1_048_576, `${most} bytes on disk`);
    // A drover that is stopped moves no limit: the tracer ends then, soon.
    const { size } = spool();
    const limits = tracersIn(folder).flatMap((pid) => {
      if (readProcess(pid)?.name !== 'bpftrace') return [];
      return [Number(/Max file size +(\d+)/.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[1])];
    });
    assert.equal(limits.length, 1);
    assert.ok(
      limits.every((limit) => limit > size && limit < size + 6 * 1_048_576),
      `${limits} at ${size}`,
    );
  } finally {
    load.stop();
    drover.kill();
  }
});

test('a disk that is full: it is said, the workers are unhurt, and an old dump stays', LIVE, async () => {
  const rate = await server.rate(1_000);
  const disk = place('disk');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=700', 'tmpfs', disk]);
  const spool = place('disk-spool');
  const load = server.load(43);
  const drover = await LiveDrover.start([
    ...['record', String(server.master), '--spool', spool, '-o', join(disk, 'web.trace'), '--engine', 'bpftrace'],
    ...['--ring', '2s'],
  ]);
  try {
    await pause(1_500);
    drover.signal('SIGUSR1');
    const first = await dumpAppears(drover, disk);
    await reportOn(first);
    const held = readFileSync(first);
    writeFileSync(join(disk, 'filler'), Buffer.alloc(22 * 1_048_576));
    await pause(2_500);
    drover.signal('SIGUSR1');
    await until('it to say that there is no room', () =>
      /no dump\. Cannot write .* must stay free/.test(drover.stderr),
    );
    assert.deepEqual(dumpsIn(disk), [first]);
    assert.deepEqual(readFileSync(first), held);
    // It goes on: with room there is a dump again.
    execFileSync('rm', [join(disk, 'filler')]);
    await pause(2_500);
    drover.signal('SIGUSR1');
    await dumpAppears(drover, disk, 2);
    drover.signal('SIGINT');
    assert.equal((await drover.ended).code, 74);
    load.stop();
    await server.recovers(rate);
    assert.match(drover.stderr, /2 dumps, 1 could not be written/);
  } finally {
    load.stop();
    drover.kill();
    await drover.ended;
    execFileSync('umount', [disk]);
  }
});

test('a disk that fills up under the ring ends the recorder, which says so', LIVE, async () => {
  const disk = place('ring-disk');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=700', 'tmpfs', disk]);
  const load = server.load(43);
  const drover = await record(disk, '--engine', 'strace', '--ring', '20s', '--max-spool', '8M');
  try {
    await pause(500);
    try {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(23 * 1_048_576));
    } catch {
      // It is full.
    }
    await drover.ended;
    assert.match(drover.stderr, /The capture ended early: only .* free on the disk/);
    assert.match(drover.stderr, /Detached from 4 processes, all running/);
    assert.deepEqual(tracersIn(disk), []);
  } finally {
    load.stop();
    drover.kill();
    await drover.ended;
    execFileSync('umount', [disk]);
  }
});

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LiveServer, processesWith, tracersIn, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Tmux } from '../support/tmux.ts';

/** The dashboard of a real gunicorn. */
const LIVE = needsLive('tmux', 'bpftrace');
const FOLDER = temporaryFolder();
let server: LiveServer;

before(async () => {
  if (LIVE.skip === false) server = await LiveServer.start();
});
after(() => server?.stop());

function spoolFor(name: string): string {
  const spool = join(FOLDER, name);
  mkdirSync(spool);
  return spool;
}

function isTraced(): boolean {
  return server.pids.some((pid) => readProcess(pid)?.tracer !== 0);
}

/** Hundredths of a second of CPU that a process used. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** How long a worker has been in a call or a line of code, in seconds; null when the screen says so of none. */
function blockedFor(screen: string): number | null {
  const [, length, unit] = /(\d+(?:\.\d+)?) (ms|s) (?:in )?(?:clock_|\S+\.py:\d)/.exec(screen) ?? [];
  return length === undefined ? null : Number(length) / (unit === 'ms' ? 1_000 : 1);
}

test(
  'says who is blocked and for how long while no event arrives, then finds it; q detaches, and the capture can be opened again',
  LIVE,
  async () => {
    const spool = spoolFor('blocked');
    const tmux = new Tmux({ columns: 80, rows: 24 });
    const load = server.load(11);
    try {
      tmux.drover(`triage --pid ${server.master} --yes --engine strace --for 40s --spool ${spool}`);
      await tmux.until(/TRACED: workers slower/);
      await tmux.until((screen) => server.workers.every((pid) => screen.includes(` ${pid} `)), 'a row for each worker');
      assert.match(tmux.screen(), /no event lost {3}all read/);
      load.stop();
      void server.get('/block');
      const first = blockedFor(await tmux.until((screen) => (blockedFor(screen) ?? 0) > 0.5, 'a blocked worker'));
      const second = blockedFor(
        await tmux.until((screen) => (blockedFor(screen) ?? 0) > (first ?? 0) + 1, 'it to be blocked for longer'),
      );
      assert.ok((second ?? 0) < 4.5, `${second} s of 4.3 s`);
      await tmux.until(/(?:stalled|for|up to|worker \d+) 4\.\d+ s/);
      tmux.keys('Enter');
      await tmux.until(/PROOF {2}Enter opens/);
      tmux.keys('Enter');
      await tmux.until(/LINES {2}trace\.strace.*proves the finding/);
      tmux.keys('q', 'q', 'q');
      const left = await tmux.until(/left 0/);
      assert.match(left, /Detached from 4 processes, all running\./);
      assert.ok(!isTraced());
      const [folder = ''] = readdirSync(spool);
      tmux.drover(`triage ${join(spool, folder, 'trace.strace')}`);
      await tmux.until(/(?:stalled|for|up to|worker \d+) 4\.\d+ s/);
      tmux.keys('q');
      await tmux.until(/left 0/);
    } finally {
      load.stop();
      tmux.close();
    }
  },
);

test(
  'd detaches at once and keeps what was seen; Space freezes the screen while the capture goes on; + adds time',
  LIVE,
  async () => {
    const tmux = new Tmux({ columns: 160, rows: 48 });
    const load = server.load(23);
    try {
      tmux.drover(`attach ${server.workers[0]} --yes --engine strace --for 20s --spool ${spoolFor('detach')}`);
      await tmux.until(/strace \d+ s of (?:19|20) s/);
      tmux.keys('+');
      await tmux.until(/strace \d+ s of (?:79|80) s/);
      tmux.keys('Space');
      await tmux.until(/PAUSED [1-9] s/);
      assert.ok(isTraced());
      tmux.keys('Space');
      await tmux.until(/strace \d+ s of (?:79|80) s/);
      tmux.keys('d');
      await tmux.until(/DETACHED .*Detached from 4 processes, all running/);
      assert.ok(!isTraced());
      tmux.keys('2');
      await tmux.until(/WORKERS {2}4/);
      tmux.keys('q', 'q');
      await tmux.until(/left 0/);
    } finally {
      load.stop();
      tmux.close();
    }
  },
);

test('a terminal that stops reading never stops a worker, and drover still detaches in time', LIVE, async () => {
  const spool = spoolFor('deaf');
  const load = server.load(43);
  const drover = LiveDrover.onTerminal([
    'attach',
    String(server.master),
    '--yes',
    '--engine',
    'strace',
    '--for',
    '4s',
    '--spool',
    spool,
  ]);
  try {
    await until('the dashboard', () => drover.stdout.includes('LIVE'));
    await until('tracing', isTraced);
    // Ctrl-S, and nobody reads: what the dashboard draws is taken by nobody, as on a dead link.
    drover.terminal('key 13');
    drover.terminal('deaf');
    await pause(1_500);
    assert.ok((await server.rate(700)) > 0, 'no answer while the terminal hangs');
    await until('the workers to be free', () => !isTraced(), 6_000);
    const [drawing = 0] = processesWith('/deaf').filter((pid) => readProcess(pid)?.name === 'node');
    const before = cpuTicks(drawing);
    await pause(1_000);
    assert.ok(cpuTicks(drawing) - before < 50, 'drover does not spin');
    process.kill(drawing, 'SIGTERM');
    await until(
      'drover to leave, though its terminal is dead',
      () => readProcess(drawing) === null || readProcess(drawing)?.state === 'Z',
      5_000,
    );
    drover.terminal('hang-up');
    assert.equal(tracersIn(spool).length, 0, 'a tracer is left');
  } finally {
    load.stop();
    drover.kill();
  }
});

test(
  'with bpftrace, which tells of a call only when it is over, an idle worker waits, and a blocked one is in its call',
  LIVE,
  async () => {
    const tmux = new Tmux({ columns: 100, rows: 30 });
    const load = server.load(17);
    try {
      tmux.drover(`attach ${server.master} --engine bpftrace --for 40s --spool ${spoolFor('bpftrace')}`);
      await tmux.until((screen) => server.workers.every((pid) => screen.includes(` ${pid} `)), 'a row for each worker');
      load.stop();
      await tmux.until(
        (screen) => server.workers.every((pid) => new RegExp(`${pid} +waits epoll_wait`).test(screen)),
        'every worker to wait',
      );
      await pause(3_000);
      assert.doesNotMatch(tmux.screen(), /no call \d|\ds no call/, 'silence of the tracer is not silence of a worker');
      void server.get('/block');
      await tmux.until((screen) => (blockedFor(screen) ?? 0) > 2.5, 'a blocked worker');
      tmux.keys('q');
      assert.match(await tmux.until(/left 0/), /Detached from 4 processes, all running\./);
    } finally {
      load.stop();
      tmux.close();
    }
  },
);

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  test(`${signal} to the dashboard: the workers are let go first`, LIVE, async () => {
    const spool = spoolFor(signal);
    const tmux = new Tmux({ columns: 80, rows: 24 });
    try {
      tmux.drover(`attach ${server.master} --yes --engine strace --for 50s --spool ${spool}`);
      await tmux.until(/TRACED: workers slower/);
      const [dashboard = 0] = processesWith(`/${signal}`).filter((pid) => readProcess(pid)?.name === 'node');
      process.kill(dashboard, signal);
      const left = await tmux.until(new RegExp(`left ${code}`));
      assert.match(left, /Detached from \d+ processes, all running/);
      assert.match(left, /The capture \(.*\) is /);
      assert.ok(!isTraced());
      assert.equal(tracersIn(spool).length, 0);
    } finally {
      tmux.close();
    }
  });
}

test('a terminal that is closed: the capture gets its name, and the workers are let go', LIVE, async () => {
  const spool = spoolFor('closed');
  const saved = join(spool, 'saved.strace');
  const tmux = new Tmux({ columns: 80, rows: 24 });
  tmux.drover(`attach ${server.master} --yes --engine strace --for 50s --save ${saved}`);
  try {
    await tmux.until(/TRACED: workers slower/);
  } finally {
    tmux.close();
  }
  await until('the capture to have its name', () => existsSync(saved), 10_000);
  await until('the tracer to be gone', () => tracersIn(spool).length === 0, 10_000);
  assert.ok(!isTraced());
  assert.match(readFileSync(saved, 'utf8'), /event=seen /);
});

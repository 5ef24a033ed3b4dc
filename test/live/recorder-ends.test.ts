import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LiveServer, tracersIn, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** How a flight recorder ends, and what it must not lose then. */
const LIVE = needsLive('bpftrace', 'fallocate');
const FOLDER = temporaryFolder();

interface Recording {
  readonly server: LiveServer;
  readonly drover: LiveDrover;
  readonly folder: string;
  /** What is in the folder, but for the folder of the ring. */
  files(): string[];
}

async function recording(
  name: string,
  words: readonly string[],
  act: (recording: Recording) => Promise<void>,
  kind: 'gevent' | 'sync' = 'gevent',
): Promise<void> {
  const server = await LiveServer.start({ workers: 2, kind });
  const folder = join(FOLDER, name);
  const spool = join(FOLDER, `${name}-spool`);
  for (const each of [folder, spool]) mkdirSync(each, { mode: 0o700 });
  const drover = await LiveDrover.start([
    ...['record', String(server.master), '--spool', spool, '-o', join(folder, 'web.trace'), '--engine', 'bpftrace'],
    ...words,
  ]);
  try {
    await act({ server, drover, folder, files: () => readdirSync(folder).sort() });
    assert.deepEqual(readdirSync(spool), []);
    assert.deepEqual(tracersIn(spool), []);
  } finally {
    drover.kill();
    await server.stop().catch(() => undefined);
  }
}

function kindsIn(path: string): Promise<string[]> {
  return runDrover([path, '--json']).then(({ stdout }) =>
    JSON.parse(stdout).findings.map(({ kind }: { readonly kind: string }) => kind),
  );
}

test('a server that dies soon after a stall was written: its death is written as well', LIVE, () =>
  recording('dies', ['--ring', '60s', '--until', 'stall>300ms', '--until', 'death'], async (its) => {
    await pause(2_000);
    await its.server.get('/stall');
    await until('the stall', () => its.files().some((name) => name.startsWith('web-')), 20_000);
    await pause(1_000);
    for (const pid of [its.server.master, ...its.server.workers]) process.kill(pid, 'SIGKILL');
    assert.equal((await its.drover.ended).code, 0, its.drover.stderr);
    const [first = '', second = ''] = its.files();
    assert.equal(its.files().length, 2, its.drover.stderr);
    assert.ok(!(await kindsIn(join(its.folder, first))).includes('worker-death'));
    assert.ok((await kindsIn(join(its.folder, second))).includes('worker-death'));
    assert.match(its.drover.stderr, /dump 2 of 10 .*\n(?:.*\n)*.*All 3 processes have ended/);
  }),
);

test('SIGTERM while something is being written: it is written, and nothing else is left', LIVE, () =>
  recording('term', ['--ring', '20s'], async (its) => {
    await its.server.get('/');
    await pause(1_500);
    its.drover.signal('SIGUSR1');
    await pause(200);
    assert.deepEqual(its.files(), []);
    its.drover.signal('SIGTERM');
    assert.equal((await its.drover.ended).code, 143, its.drover.stderr);
    const [only = ''] = its.files();
    assert.deepEqual(its.files(), [only]);
    assert.match(only, /^web-\d+T\d+\.trace$/);
    assert.match(readFileSync(join(its.folder, only), 'latin1'), /^event=start /m);
    assert.match(its.drover.stderr, /Stopped by SIGTERM\.[^]*Detached from 3 processes, all running\.[^]*1 dump\./);
  }),
);

test('who ends it while something waits for its turn is told that it is not written', LIVE, () =>
  recording('waits', ['--ring', '60s'], async (its) => {
    await its.server.get('/');
    its.drover.signal('SIGUSR1');
    await until('a dump', () => its.files().length === 1 && /dump 1 of/.test(its.drover.stderr));
    its.drover.signal('SIGUSR1');
    await pause(300);
    its.drover.signal('SIGINT');
    assert.equal((await its.drover.ended).code, 0);
    assert.equal(its.files().length, 1);
    assert.match(its.drover.stderr, /1 dump\. .* 1 more thing happened after the last dump began; no file holds it\./);
  }),
);

test('a tracer that is killed: it is said, the caller is told, and what waits for its turn is written', LIVE, () =>
  recording('killed', ['--ring', '60s'], async (its) => {
    await its.server.get('/');
    its.drover.signal('SIGUSR1');
    await until('a dump', () => /dump 1 of/.test(its.drover.stderr));
    its.drover.signal('SIGUSR1');
    await pause(300);
    const tracer = tracersIn(join(FOLDER, 'killed-spool')).find((pid) => readProcess(pid)?.name === 'bpftrace');
    process.kill(tracer ?? 0, 'SIGKILL');
    assert.equal((await its.drover.ended).code, 5, its.drover.stderr);
    assert.match(its.drover.stderr, /bpftrace ended before its time/);
    assert.match(its.drover.stderr, /Detached from 3 processes, all running/);
    assert.equal(its.files().length, 2);
  }),
);

test('a worker that hangs in poll of its database is written while it hangs', LIVE, async () => {
  const database = createServer(() => undefined).listen(0, '127.0.0.1');
  await new Promise((resolve) => database.once('listening', resolve));
  const address = database.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    await recording(
      'poll',
      ['--ring', '20s', '--until', 'stall>500ms'],
      async (its) => {
        await pause(2_000);
        const asked = performance.now();
        void its.server.leave(`/database?${port}`, 25_000);
        await until('it to be written', () => its.files().some((name) => name.startsWith('web-')), 20_000);
        assert.ok(performance.now() - asked < 20_000);
        assert.match(its.drover.stderr, /GET \/database holds worker \d+ .*: waits for .*which still goes on: dump 1/);
        its.drover.signal('SIGINT');
        assert.equal((await its.drover.ended).code, 0);
      },
      'sync',
    );
  } finally {
    database.close();
  }
});

test('a disk that has no room for a dump is said before anything is traced', LIVE, async () => {
  const disk = join(FOLDER, 'full');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=700', 'tmpfs', disk]);
  try {
    writeFileSync(join(disk, 'filler'), Buffer.alloc(22 * 1_048_576));
    const { code, stderr } = await runDrover([
      'record',
      String(process.pid),
      '--ring',
      '6s',
      '-o',
      join(disk, 'web.trace'),
    ]);
    assert.equal(code, 74);
    assert.match(
      stderr,
      /Cannot write .*web-.*\.trace: the disk has [\d.]+ MB free, of which [\d.]+ MB must stay free\./,
    );
    assert.deepEqual(readdirSync(disk), ['filler']);
  } finally {
    execFileSync('umount', [disk]);
  }
});

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { readParents, readProcess } from '../../src/sources/live/process-facts.ts';
import { LiveDrover } from '../support/live-drover.ts';
import { LiveServer, until } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A recorder beside a server of which no process stays: workers are replaced, and the whole of it is upgraded. */
const LIVE = needsLive('bpftrace', 'fallocate');
const FOLDER = temporaryFolder();
const RING = '3s';

async function recorded(server: LiveServer, name: string): Promise<{ drover: LiveDrover; dump(): Promise<string> }> {
  const folder = join(FOLDER, name);
  mkdirSync(folder, { mode: 0o700 });
  const words = ['record', String(server.master), '--spool', folder, '-o', join(folder, 'web.trace')];
  const drover = await LiveDrover.start([...words, '--engine', 'bpftrace', '--ring', RING]);
  const dumps = (): string[] => readdirSync(folder).filter((each) => each.startsWith('web-'));
  return {
    drover,
    async dump() {
      const before = dumps();
      drover.signal('SIGUSR1');
      await until('a dump', () => dumps().length > before.length, 15_000);
      const [made = ''] = dumps().filter((each) => !before.includes(each));
      return readFileSync(join(folder, made), 'latin1');
    },
  };
}

/** Descriptors that a capture tells of a process, in front of its first line of a call. */
function descriptorsOf(dump: string, pid: number): number {
  return [...dump.matchAll(new RegExp(`^event=fd pid=${pid} `, 'gm'))].length;
}

/**
 * The first dump that tells what the processes have open that lived before the dump and after it. The dump begins after
 * they did: on a busy host descriptors are listed more rarely than the ring is long. The processes are asked for each
 * time: a worker that has answered its last request may end at any moment.
 */
async function dumpWith(dump: () => Promise<string>, pidsNow: () => readonly number[]): Promise<string> {
  for (let tried = 1; ; tried++) {
    const before = pidsNow();
    await pause(5_000);
    const text = await dump();
    const stayed = pidsNow().filter((pid) => before.includes(pid));
    const missing = stayed.filter((pid) => descriptorsOf(text, pid) <= 3);
    if (stayed.length < 2) missing.push(...before);
    if (missing.length === 0) return text;
    assert.ok(tried < 7, `${missing.join(' ')} in ${text.slice(0, 3_000)}`);
  }
}

test('workers that replaced all of the first ones are known in a dump by what they have open', LIVE, async () => {
  const server = await LiveServer.start({ workers: 2, options: ['--max-requests', '5'] });
  try {
    const first = server.workers;
    const { drover, dump } = await recorded(server, 'replaced');
    try {
      const load = server.load(11);
      await until('others to be there', () => server.workers.every((pid) => !first.includes(pid)), 20_000);
      load.stop();
      await until('two of them', () => server.workers.length === 2);
      const text = await dumpWith(dump, () => server.workers);
      for (const pid of first) assert.equal(descriptorsOf(text, pid), 0);
      drover.signal('SIGINT');
      assert.equal((await drover.ended).code, 0);
      assert.match(drover.stderr, /Detached from 3 processes, all running \(\d+ ended meanwhile\)/);
    } finally {
      drover.kill();
    }
  } finally {
    await server.stop();
  }
});

test('a server that is upgraded is recorded on, with what the new one has open', LIVE, async () => {
  const server = await LiveServer.start({ workers: 2 });
  const old = server.master;
  let next = 0;
  try {
    const { drover, dump } = await recorded(server, 'upgraded');
    try {
      process.kill(old, 'SIGUSR2');
      const newMaster = (): number =>
        [...readParents()].find(([pid, parent]) => parent === old && childrenOf(pid).length === 2)?.[0] ?? 0;
      await until('the new server', () => newMaster() > 0, 15_000);
      next = newMaster();
      await pause(2_500);
      process.kill(old, 'SIGTERM');
      await until('the old one to end', () => readProcess(old) === null || readProcess(old)?.state === 'Z');
      await dumpWith(dump, () => [next, ...childrenOf(next)]);
      assert.notEqual(await server.get('/'), null);
      drover.signal('SIGINT');
      assert.equal((await drover.ended).code, 0);
      assert.match(drover.stderr, /Detached from 3 processes, all running \(3 ended meanwhile\)/);
    } finally {
      drover.kill();
    }
  } finally {
    if (next > 0) process.kill(next, 'SIGTERM');
    await server.stop().catch(() => undefined);
  }
});

test('a server that was upgraded and ended at once is recorded on', LIVE, async () => {
  const server = await LiveServer.start({ workers: 2 });
  const old = server.master;
  const first = server.pids;
  let next = 0;
  try {
    const { drover, dump } = await recorded(server, 'quickly');
    try {
      process.kill(old, 'SIGUSR2');
      await until('the new server', () => {
        const [made = 0] = childrenOf(old).filter((pid) => !first.includes(pid));
        next = childrenOf(made).length > 0 ? made : 0;
        return next > 0;
      });
      for (const pid of first) process.kill(pid, 'SIGKILL');
      await until('both of its workers', () => childrenOf(next).length === 2);
      await dumpWith(dump, () => [next, ...childrenOf(next)]);
      assert.notEqual(await server.get('/'), null);
      drover.signal('SIGINT');
      assert.equal((await drover.ended).code, 0);
      assert.match(drover.stderr, /Detached from 3 processes, all running \(3 ended meanwhile\)/);
    } finally {
      drover.kill();
    }
  } finally {
    if (next > 0) process.kill(next, 'SIGTERM');
    await server.stop().catch(() => undefined);
  }
});

function childrenOf(parent: number): number[] {
  return [...readParents()].filter(([, other]) => other === parent).map(([pid]) => pid);
}

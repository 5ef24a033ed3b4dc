import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FollowedProcesses } from '../../../src/sources/live/followed-processes.ts';
import type { ProcessFacts } from '../../../src/sources/live/process-facts.ts';
import { processFacts } from '../../support/process-facts.ts';

const SERVER = { stackStart: '7001' };
const DATABASE = { name: 'postgres', program: '/usr/bin/postgres', argv: ['postgres'], stackStart: '9001' };

/** Processes that come and go. */
class Host {
  readonly #processes = new Map<number, ProcessFacts>();
  readonly #sockets = new Map<number, readonly string[]>();
  #ticks = 0;
  /** Whom somebody asked for all that is to be known of them. */
  readonly read: number[] = [];

  starts(pid: number, parent: number, parts: Partial<ProcessFacts> = SERVER): ProcessFacts {
    const process = processFacts({ pid, parent, startTicks: ++this.#ticks, ...parts });
    this.#processes.set(pid, process);
    return process;
  }

  /** What it forked goes to init. */
  ends(pid: number): void {
    this.#processes.delete(pid);
    for (const process of this.#processes.values())
      if (process.parent === pid) this.#processes.set(process.pid, { ...process, parent: 1 });
  }

  opens(pid: number, ...sockets: readonly string[]): void {
    this.#sockets.set(pid, sockets);
  }

  follow(...first: readonly ProcessFacts[]): FollowedProcesses {
    return new FollowedProcesses(first, {
      view: () => ({
        parents: new Map([...this.#processes.values()].map(({ pid, parent }) => [pid, parent])),
        read: (pid) => {
          this.read.push(pid);
          return this.#processes.get(pid) ?? null;
        },
      }),
      startTicks: { of: (pid) => this.#processes.get(pid)?.startTicks ?? 0, sweep: () => undefined },
      sockets: (pid) => new Set(this.#sockets.get(pid)),
    });
  }
}

describe('the processes that a capture follows', () => {
  it('are those of the start and workers that replace them, as long as each lives', () => {
    const host = new Host();
    const followed = host.follow(host.starts(103, 1), host.starts(107, 103), host.starts(109, 103));
    for (let pid = 1_001; pid < 1_301; pid++) {
      host.ends(pid === 1_001 ? 107 : pid - 1);
      host.starts(pid, 103);
      followed.refresh();
      assert.deepEqual(followed.pids, [103, 109, pid]);
    }
    assert.deepEqual(
      followed.all.map(({ pid }) => pid),
      [103, 107, 109, 1_300],
    );
    assert.equal(followed.haveEnded, false);
  });

  it('are not looked at anew once they are known, for there may be hundreds', () => {
    const host = new Host();
    const followed = host.follow(host.starts(103, 1), host.starts(107, 103), host.starts(109, 103));
    host.starts(211, 103);
    host.read.length = 0;
    followed.refresh();
    assert.deepEqual(followed.pids, [103, 107, 109, 211]);
    assert.deepEqual([host.read.includes(211), [103, 107, 109].filter((pid) => host.read.includes(pid))], [true, []]);
  });

  it('do not include who got the pid of one that ended, nor what that forks', () => {
    const host = new Host();
    const followed = host.follow(host.starts(103, 1), host.starts(107, 103));
    host.ends(107);
    host.starts(107, 1, DATABASE);
    host.starts(211, 107, DATABASE);
    followed.dropEnded();
    assert.deepEqual(followed.pids, [103]);
    followed.refresh();
    assert.deepEqual(followed.pids, [103]);
    host.ends(103);
    host.starts(103, 1, DATABASE);
    assert.equal(followed.haveEnded, true);
    followed.refresh();
    assert.deepEqual(followed.pids, []);
  });

  it('go on with a server that replaced itself', () => {
    const host = new Host();
    const followed = host.follow(host.starts(103, 1), host.starts(107, 103));
    host.starts(401, 103, { stackStart: '8001' });
    host.starts(409, 401, { stackStart: '8001' });
    followed.refresh();
    assert.deepEqual(followed.pids, [103, 107, 401, 409]);
    host.ends(107);
    host.ends(103);
    assert.equal(followed.haveEnded, false);
    host.ends(409);
    host.starts(419, 401, { stackStart: '8001' });
    followed.refresh();
    assert.deepEqual(followed.pids, [401, 419]);
    host.ends(419);
    host.ends(401);
    assert.equal(followed.haveEnded, true);
  });

  it('go on with a server whose old processes ended before anybody looked', () => {
    const host = new Host();
    const master = host.starts(103, 1);
    const worker = host.starts(107, 103);
    host.opens(103, '17', '19');
    const followed = host.follow(master, worker);
    host.starts(401, 103, { stackStart: '8001' });
    host.opens(401, '19', '23');
    host.starts(409, 401, { stackStart: '8001' });
    host.opens(409, '19');
    host.ends(107);
    host.ends(103);
    assert.equal(followed.haveEnded, true);
    followed.refresh();
    assert.equal(followed.haveEnded, false);
    assert.deepEqual(followed.pids, [401, 409]);
    host.ends(409);
    host.starts(419, 401, { stackStart: '8001' });
    followed.refresh();
    assert.deepEqual(followed.pids, [401, 419]);
  });

  it('are not followed by who only resembles them: other sockets, another session or program, there before', () => {
    const host = new Host();
    const master = host.starts(103, 1);
    host.opens(103, '17');
    host.starts(211, 1, { stackStart: '8001' });
    const others: readonly (readonly [number, Partial<ProcessFacts>, string])[] = [
      [307, { stackStart: '8002' }, '29'],
      // systemd starts a unit anew, and hands it the same socket: no child of who is traced.
      [311, { stackStart: '8003', session: 311 }, '17'],
      [313, DATABASE, '17'],
    ];
    const followed = host.follow(master);
    host.opens(211, '17');
    for (const [pid, parts, socket] of others) {
      host.starts(pid, 1, parts);
      host.opens(pid, socket);
    }
    host.ends(103);
    followed.refresh();
    assert.deepEqual(followed.pids, []);
  });

  it('have no heirs where they are a part of the server', () => {
    const host = new Host();
    host.starts(103, 1);
    const worker = host.starts(107, 103);
    host.opens(103, '17');
    host.opens(107, '17');
    const followed = host.follow(worker);
    host.starts(401, 103, { stackStart: '8001' });
    host.opens(401, '17');
    host.ends(107);
    host.ends(103);
    followed.refresh();
    assert.deepEqual(followed.pids, []);
  });

  it('are only those that were named where the rest of the server is left out, and what these fork', () => {
    const host = new Host();
    host.starts(103, 1);
    host.starts(109, 103);
    const worker = host.starts(107, 103);
    host.starts(113, 107);
    const followed = host.follow(worker);
    host.starts(127, 103);
    followed.refresh();
    assert.deepEqual(followed.pids, [107]);
    // One that was there before has ended, and a child has its pid now.
    host.ends(113);
    host.starts(113, 107);
    host.starts(131, 107, DATABASE);
    followed.refresh();
    assert.deepEqual(followed.pids, [107, 113]);
  });
});

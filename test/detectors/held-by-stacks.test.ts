import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, ofKind } from '../support/analyzed.ts';

/** `strace -k` prints a stack for each call, and serves one thread at a time: captures of threads that wait for it. */

const PIDS = [101, 102, 103, 104];
const STACK = ' > /usr/bin/python3.13(_PyEval_EvalFrameDefault+0x8f0) [0x10b7c0]';
const LISTENER = '5<TCP:[127.0.0.1:8000]>';
/** What each worker does again and again: a request with eleven calls that cannot sleep. */
const TURN: readonly (readonly [entry: string, exit: string])[] = [
  ['epoll_wait(7<anon_inode:[eventpoll]>', ', [{events=EPOLLIN, data={u32=5, u64=5}}], 64, -1) = 1'],
  [`accept4(${LISTENER}`, ', NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = 9<TCP:[127.0.0.1:8000->127.0.0.1:41234]>'],
  ['recvfrom(9<TCP:[127.0.0.1:8000->127.0.0.1:41234]>', ', "GET /a HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 19'],
  ...new Array<readonly [string, string]>(11).fill(['getppid(', ') = 100']),
  ['sendto(9<TCP:[127.0.0.1:8000->127.0.0.1:41234]>', ', "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19'],
  ['close(9<TCP:[127.0.0.1:8000->127.0.0.1:41234]>', ') = 0'],
];

/**
 * Workers that wait for the tracer in turn: it takes `ms` for each record. `computing` says which of them makes none
 * for 3 s, in which the others go on.
 */
function queue({ pids = PIDS, ms = 90, turns = 3, computing = 0, stacks = true } = {}): string {
  const lines = [`100 1795140800.000000 getpid() = 100 <0.000010>${stacks ? `\n${STACK}` : ''}`];
  const step = new Map(pids.map((pid) => [pid, 0]));
  const entered = new Map<number, number>();
  let now = 1_000;
  let awayUntil = 0;
  const stamp = (at: number) => (1_795_140_800 + at / 1000).toFixed(6);
  const all = 2 * TURN.length * turns;
  while (![...step.values()].every((each) => each >= all)) {
    const before = now;
    for (const pid of pids) {
      const at = step.get(pid) as number;
      if (pid === computing && now < awayUntil) continue;
      // In the second request, after the recvfrom.
      if (pid === computing && at === 2 * TURN.length + 6 && awayUntil === 0) {
        awayUntil = now + 3_000;
        continue;
      }
      const [entry, exit] = TURN[(at >> 1) % TURN.length] as readonly [string, string];
      const name = entry.slice(0, entry.indexOf('('));
      if (at % 2 === 0) {
        entered.set(pid, now);
        lines.push(`${pid} ${stamp(now)} ${entry} <unfinished ...>`);
      } else {
        const took = ((now - (entered.get(pid) as number)) / 1000).toFixed(6);
        lines.push(`${pid} ${stamp(now)} <... ${name} resumed>${exit} <${took}>`);
        if (stacks) lines.push(STACK);
      }
      step.set(pid, at + 1);
      now += ms;
    }
    if (now === before) now = awayUntil;
  }
  return `${lines.join('\n')}\n`;
}

const stalls = async (trace: string) =>
  ofKind(await analyzed(trace), 'loop-stall').map(({ severity, title }) => `${severity} ${title}`);

describe('threads that wait for a tracer that prints stacks', () => {
  it('are in no stall of their own, however long a turn takes under it', async () => {
    const held = await stalls(queue());
    assert.ok(held.length > 0);
    // A turn of 31 records, 360 ms apart.
    for (const each of held) assert.match(each, /^info .* 11\.\d\d s/);
  });

  it('are in one where no stack was printed', async () => {
    for (const each of await stalls(queue({ stacks: false }))) assert.match(each, /^critical /);
  });

  it('are in one of 3 s where the tracer has served others meanwhile, and that length is told', async () => {
    const report = await analyzed(queue({ computing: 102 }));
    const [own, ...others] = ofKind(report, 'loop-stall').filter(({ severity }) => severity !== 'info');
    assert.deepEqual([own?.severity, own?.workers, others.length], ['critical', [102], 0]);
    assert.match(own?.title ?? '', /3\.60 s: computes/);
    assert.match(own?.summary ?? '', /strace may have held the worker for \d+\.\d\d s of that/);
  });

  it('are in one of 3 s where calls that cannot sleep show that the tracer takes far less', async () => {
    const [own, ...others] = (await stalls(queue({ pids: [101], ms: 20, computing: 101 }))).filter(
      (each) => !each.startsWith('info'),
    );
    assert.match(own ?? '', /^critical .* for 3\.\d\d s/);
    assert.equal(others.length, 0);
  });

  it('were all away at once only as far as that may be the tracer', async () => {
    const severities = ofKind(await analyzed(queue()), 'service-stall').map(({ severity }) => severity);
    assert.deepEqual(severities, ['info']);
  });
});

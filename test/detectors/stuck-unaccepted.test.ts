import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, ofKind } from '../support/analyzed.ts';

const SECONDS = 7;

interface Scene {
  readonly queued?: number;
  /** Milliseconds in which so many were there at each look. */
  readonly queuedMs?: number;
  readonly clients?: number;
  /** Lines of calls that came back. */
  readonly calls?: readonly string[];
}

/** Two puma workers whose threads wait in locks, as threads of pools do that have nothing to do, and that hang. */
function capture({ queued = 3, queuedMs = SECONDS * 1_000, clients = 2, calls = [] }: Scene): string {
  const end = `${(SECONDS + 1) * 1e9}`;
  const queue = queued === 0 ? '' : ` queue=${queued} queued=${queuedMs}000000`;
  const inCall = (pid: number, tid: number, number: number, words: string): string =>
    `event=in ts=900000000 pid=${pid} tid=${tid} nr=${number} a=${words} data=`;
  const seen = (pid: number, tid: number, call: string): string =>
    `event=seen ts=${end} for=${SECONDS}000000000 pid=${pid} tid=${tid} parent=${pid === 101 ? 1 : 101} call=${call} ` +
    `ran=0 clients=${pid === 101 ? 0 : clients}${tid === pid ? queue : ''} comm=puma`;
  return [
    ...[101, 103, 107].map((pid) => inCall(pid, pid, 271, '7f00,2,0,0,8,0')),
    ...[103, 107].flatMap((pid) => [pid + 100, pid + 200].map((tid) => inCall(pid, tid, 202, '7f00,80,0,0,0,0'))),
    'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000',
    ...calls,
    `event=end ts=${end}`,
    ...[101, 103, 107].map((pid) => seen(pid, pid, 'ppoll')),
    ...[103, 107].flatMap((pid) => [pid + 100, pid + 200].map((tid) => seen(pid, tid, 'futex'))),
    '',
  ].join('\n');
}

async function told(scene: Scene): Promise<readonly string[]> {
  return ofKind(await analyzed(capture(scene)), 'stuck-call').map(({ severity, title }) => `${severity}: ${title}`);
}

describe('clients of whom nobody accepted one in the whole capture', () => {
  it('have waited for as long as they were seen, while all threads may be busy', async () => {
    assert.deepEqual(await told({}), ['critical: Nobody accepts: 3 clients have waited for 7.00 s']);
    const [finding] = ofKind(await analyzed(capture({ queued: 1 })), 'stuck-call');
    assert.match(finding?.title ?? '', /: 1 client has waited for 7\.00 s$/);
    assert.match(finding?.summary ?? '', /4 clients are connected to processes 103, 107 meanwhile/);
    assert.deepEqual(finding?.workers, [103, 107]);
    assert.equal(finding?.openEnded, true);
  });

  it('are a warning where nobody else is connected', async () => {
    assert.deepEqual(await told({ clients: 0 }), ['warning: Nobody accepts: 3 clients have waited for 7.00 s']);
  });

  it('are told from a second on', async () => {
    assert.equal((await told({ queuedMs: 1_000 })).length, 1);
    assert.deepEqual(await told({ queuedMs: 999 }), []);
    assert.deepEqual(await told({ queued: 0 }), []);
  });

  it('are not told where somebody accepts meanwhile', async () => {
    const accept =
      'ts=3000000000 dur=9000 pid=103 tid=103 nr=288 ret=9 a=5,7f00,7f00,80000 data=\\x02\\x00\\x1f\\x90\\x7f\\x00\\x00\\x01';
    assert.deepEqual(await told({ calls: [accept] }), []);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, ofKind } from '../support/analyzed.ts';
import { printed, START } from '../support/printed-lines.ts';

const SECOND = 1_000_000;
const WORKERS = [103, 107];

interface Stuck {
  readonly call?: string;
  readonly seconds?: number;
  readonly clients?: number;
  readonly peer?: string;
  readonly ran?: number;
  /** Another thread of each worker makes a call. */
  readonly hasOther?: boolean;
  /** They take no further client, so that nothing tells what they are. */
  readonly accepts?: boolean;
}

/**
 * Ten seconds of two workers of php-fpm. The first ones of them were in `stay` when drover came; five seconds later all
 * of them reply, and wait for the next client.
 */
function capture(
  stuck: number,
  { call = 'clock_nanosleep', seconds = 4, clients = 1, peer, ran = 0, hasOther = false, accepts = true }: Stuck,
): string {
  const lines = [101, ...WORKERS].map((pid) => `event=fd pid=${pid} fd=9 is=socket:[4711]`);
  lines.push(
    ...WORKERS.slice(0, stuck).map((pid) => `event=in ts=900000000 pid=${pid} tid=${pid} nr=230 a=0,0,1 data=`),
  );
  lines.push(START);
  for (const tid of WORKERS) {
    const address = '\\x02\\x00\\xe6>\\x7f\\x00\\x00\\x01';
    lines.push(printed({ tid, call: 'write', at: 5 * SECOND, ret: 97, args: [3] }));
    lines.push(printed({ tid, call: 'close', at: 5 * SECOND + 100, args: [3] }));
    if (hasOther) lines.push(printed({ pid: tid, tid: tid + 1, call: 'getpid', at: 6 * SECOND }));
    if (!accepts) continue;
    lines.push(
      printed({ tid, call: 'accept', at: 5 * SECOND + 200, took: 3 * SECOND, ret: 3, args: [9], data: address }),
    );
    lines.push(printed({ tid, call: 'close', at: 9 * SECOND, args: [3] }));
  }
  lines.push('event=end ts=11000000000');
  const seen = (pid: number, ts: number, lasted: number, rest: string): string =>
    `event=seen ts=${ts} for=${lasted} pid=${pid} tid=${pid} parent=101 ${rest} comm=php-fpm8.2`;
  for (const pid of WORKERS.slice(0, stuck)) {
    const rest = `call=${call} ran=${ran * 1e9} clients=${clients}${peer === undefined ? '' : ` peer=${peer}`} over=1`;
    lines.push(seen(pid, 1e9 + seconds * 1e9, seconds * 1e9, rest));
  }
  for (const pid of WORKERS) lines.push(seen(pid, 11e9, 2e9, 'call=accept ran=0 clients=0'));
  return `${lines.join('\n')}\n`;
}

async function told(stuck: number, stay: Stuck = {}): Promise<string[]> {
  return ofKind(await analyzed(capture(stuck, stay)), 'stuck-call').map(
    ({ severity, title }) => `${severity}: ${title}`,
  );
}

describe('workers that were stuck when the capture began, and came back', () => {
  it('are reported, all of them as critical', async () => {
    assert.deepEqual(await told(2), ['critical: Both workers were stuck for 4.00 s: clock_nanosleep']);
    assert.deepEqual(await told(1), ['warning: Pid 103 was stuck for 4.00 s: clock_nanosleep']);
  });

  it('are said to have come back', async () => {
    const [finding] = ofKind(await analyzed(capture(2, { clients: 3 })), 'stuck-call');
    assert.match(
      finding?.summary ?? '',
      /^Pids 103, 107 were in clock_nanosleep when the capture began, and for at least 4\.00 s of it, while 3 clients were connected\. They have come back since\.$/,
    );
    assert.deepEqual([finding?.openEnded, finding?.metrics.isOver], [false, true]);
  });

  it('are none where no client was connected, or where it was short', async () => {
    assert.deepEqual(await told(2, { clients: 0 }), []);
    assert.deepEqual(await told(2, { seconds: 0.999 }), []);
    assert.equal((await told(2, { seconds: 1 })).length, 1);
  });

  it('that sleep are told where they serve: of a thread beside others that is not known', async () => {
    assert.equal((await told(2, { accepts: false })).length, 1);
    assert.deepEqual(await told(2, { accepts: false, hasOther: true }), []);
    assert.equal((await told(2, { hasOther: true })).length, 1);
  });

  it('waited for a service, or computed; a queue of the runtime is neither', async () => {
    assert.deepEqual(await told(1, { call: 'recvfrom', peer: '10.0.0.5:5432' }), [
      'warning: Pid 103 was stuck for 4.00 s: recvfrom on 10.0.0.5:5432',
    ]);
    assert.deepEqual(await told(1, { call: '-', ran: 3.9 }), ['warning: Pid 103 was stuck for 4.00 s: no system call']);
    assert.deepEqual(await told(1, { call: '-', ran: 1 }), []);
    assert.deepEqual(await told(1, { call: 'futex' }), []);
  });
});

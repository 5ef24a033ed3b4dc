import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { foundConnection } from '../../src/model/machine/accepted-by.ts';
import { Aftermath } from '../../src/model/machine/aftermath.ts';
import type { Connection, Request } from '../../src/model/machine/connections.ts';
import { Descriptor } from '../../src/model/machine/descriptors.ts';
import type { Listener } from '../../src/model/machine/listener.ts';
import { Turn } from '../../src/model/machine/turn.ts';
import { MILLISECOND, UNKNOWN } from '../../src/trace/time.ts';
import { threadOf } from '../support/model-objects.ts';

function client(line = ''): Connection {
  const connection = foundConnection(new Descriptor('connection', '', true), 11, threadOf(101), 0, 1);
  connection.request.line = line;
  connection.requests = 1;
  return connection;
}

/** The time after a turn from 100 to 1,100 ms, in which these requests had waited. */
function after(waiting: readonly Request[] = [], count = waiting.length): { turn: Turn; aftermath: Aftermath } {
  const turn = new Turn(0);
  Object.assign(turn, { start: 100 * MILLISECOND, end: 1_100 * MILLISECOND, waitingCount: count });
  return { turn, aftermath: new Aftermath(turn, waiting) };
}

/** The listener as the last accept on it left it. */
const listener = (lastLane: number, lastMs: number): Listener =>
  ({ lastLane, lastAt: lastMs * MILLISECOND }) as Listener;
const NOBODY = listener(UNKNOWN, -1);

describe('who had waited for a long turn', () => {
  it('are those whom its loop takes from the queue right after it, and what they ask', () => {
    const { turn, aftermath } = after();
    const [first, second] = [client('GET /a'), client('GET /b')];
    aftermath.accepted(first, NOBODY, 3);
    aftermath.accepted(second, listener(3, 1_101), 3);
    aftermath.received(first.request);
    assert.deepEqual([turn.waitingCount, turn.waiting], [2, ['GET /a']]);
  });

  it('are none from the queue where another thread took somebody from it in the meantime, the first one too', () => {
    const taken = (lastLane: number, ms: number): number => {
      const { turn, aftermath } = after();
      aftermath.accepted(client(), listener(lastLane, ms), 3);
      aftermath.accepted(client(), listener(3, 1_101), 3);
      return turn.waitingCount;
    };
    assert.equal(taken(2, 600), 0);
    assert.equal(taken(0, 600), 0);
    assert.equal(taken(3, 600), 2);
    // Before the turn it could still take whoever came.
    assert.equal(taken(2, 100), 2);
    assert.equal(taken(2, 100.001), 0);
  });

  it('are kept-alive clients that sent a request meanwhile, each once', () => {
    const { turn, aftermath } = after();
    const kept = client('GET /next');
    kept.requests = 7;
    aftermath.received(kept.request);
    aftermath.received(kept.request);
    assert.deepEqual([turn.waitingCount, turn.waiting], [1, ['GET /next']]);
  });

  it('are not counted again who were known to wait', () => {
    const known = client('GET /a');
    const { turn, aftermath } = after([known.request]);
    known.requests = 2;
    aftermath.received(known.request);
    assert.deepEqual([turn.waitingCount, turn.waiting], [1, []]);
  });

  it('are 4,096 clients at most', () => {
    const { turn, aftermath } = after();
    for (let index = 0; index < 4_099; index++) aftermath.accepted(client(), NOBODY, 3);
    aftermath.received(client('GET /late').request);
    assert.deepEqual([turn.waitingCount, turn.waiting], [4_096, []]);
    const full = after(Array.from({ length: 4_099 }, () => client().request));
    full.aftermath.accepted(client(), NOBODY, 3);
    assert.equal(full.turn.waitingCount, 4_099);
  });
});

it('the time after a turn is over with a wait of more than a millisecond, or 5 ms or 0.5 % of the turn later', () => {
  const over = (startMs: number, ms: number): boolean =>
    after().aftermath.endsWith(startMs * MILLISECOND, ms * MILLISECOND);
  assert.deepEqual(
    [over(1_101, 1), over(1_101, 1.001), over(1_105, 0), over(1_105.001, 0)],
    [false, true, false, true],
  );
  const { turn, aftermath } = after();
  turn.start = -900 * MILLISECOND;
  // Of 2 s these are 10 ms.
  assert.deepEqual(
    [aftermath.endsWith(1_110 * MILLISECOND, 0), aftermath.endsWith(1_111 * MILLISECOND, 0)],
    [false, true],
  );
});

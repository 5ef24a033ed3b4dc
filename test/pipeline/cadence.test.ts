import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Cadence } from '../../src/pipeline/cadence.ts';

/**
 * The milliseconds that something takes in all over `length` milliseconds, when it takes `cost(now)` each time; looked
 * at every 10 ms.
 */
function spent(length: number, cost: (now: number) => number): { readonly times: number; readonly total: number } {
  const cadence = new Cadence({ first: 400, every: 1_000, share: 15 });
  let times = 0;
  let total = 0;
  for (let now = 0; now < length; now += 10) {
    if (!cadence.isDue(now)) continue;
    times++;
    total += cost(now);
    cadence.took(now, now + cost(now));
    now += cost(now);
  }
  return { times, total };
}

describe('what is done again and again while a file is read', () => {
  it('comes at its interval as long as it takes little', () => {
    assert.deepEqual(
      spent(10_000, () => 7),
      { times: 10, total: 70 },
    );
  });

  it('costs a sixteenth of the time at most, also when it takes longer with all that was read', () => {
    for (const growth of [0.001, 0.01, 0.1]) {
      const { total, times } = spent(600_000, (now) => now * growth);
      assert.ok(times >= 3, `${times} times`);
      // The last time may reach beyond its share.
      assert.ok(total <= 600_000 / 16 + 600_000 * growth, `${total} ms`);
    }
  });
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { AwayCadence } from '../../src/cli/dashboard/away-cadence.ts';

/** When a report on what goes on is made in so many looks, half a second apart; each finds something or nothing. */
function dueAt(looks: readonly { readonly who: string; readonly hasFound: boolean }[]): readonly number[] {
  const cadence = new AwayCadence();
  return looks.flatMap(({ who, hasFound }, index) => {
    const now = index * 500;
    if (!cadence.isDue(who, now)) return [];
    cadence.told(hasFound);
    return [now];
  });
}

const times = (who: string, hasFound: boolean, count: number) =>
  Array.from({ length: count }, () => ({ who, hasFound }));

test('somebody who is away and is no finding, as a master that sleeps, is judged more and more rarely', () => {
  assert.deepEqual(dueAt(times('101', false, 60)), [0, 500, 1_500, 3_500, 7_500, 15_500, 23_500]);
});

test('as long as something is found it is told anew at every look', () => {
  assert.deepEqual(dueAt(times('101', true, 7)), [0, 500, 1_000, 1_500, 2_000, 2_500, 3_000]);
});

test('another one that is away is judged at once, however long nothing was found', () => {
  const found = dueAt([...times('101', false, 17), ...times('101 103', true, 3)]);
  assert.deepEqual(found.slice(-3), [8_500, 9_000, 9_500]);
});

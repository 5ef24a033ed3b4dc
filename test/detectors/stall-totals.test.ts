import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { totalsOf } from '../../src/detectors/service-stall/service-stalls.ts';

function turn(start: number, end: number, outside = 0, open = false) {
  return { start, end, outside, open };
}

describe('the turns during stalls', () => {
  const stalls = [
    { start: 100, end: 200 },
    { start: 300, end: 500 },
    { start: 700, end: 1_100 },
  ];

  it('count once for each stall that they overlap', () => {
    assert.deepEqual(totalsOf(stalls, [turn(150, 350, 7)]), { inTurns: 400, outside: 14, open: false });
    assert.deepEqual(totalsOf(stalls, [turn(0, 2_000, 11), turn(320, 400, 13)]), {
      inTurns: 6_080,
      outside: 46,
      open: false,
    });
  });

  it('do not count where they only touch one', () => {
    assert.deepEqual(totalsOf(stalls, [turn(200, 300, 7), turn(500, 700, 7), turn(1_100, 1_300, 7)]), {
      inTurns: 0,
      outside: 0,
      open: false,
    });
    assert.deepEqual(totalsOf([], [turn(0, 100, 7)]), { inTurns: 0, outside: 0, open: false });
  });

  it('are open when one that has not ended ends with a stall', () => {
    assert.equal(totalsOf(stalls, [turn(900, 1_100, 0, true)]).open, true);
    assert.equal(totalsOf(stalls, [turn(900, 1_101, 0, true)]).open, false);
    assert.equal(totalsOf(stalls, [turn(900, 1_100, 0, false)]).open, false);
  });

  it('are found by a search, not by going through all stalls for each turn', () => {
    let looks = 0;
    const many = Array.from({ length: 10_007 }, (_, index) => ({
      start: index * 10,
      get end() {
        looks++;
        return index * 10 + 7;
      },
    }));
    const turns = many.map(({ start }) => turn(start, start + 7));
    looks = 0;
    assert.equal(totalsOf(many, turns).inTurns, 7 * 10_007);
    assert.ok(looks <= 16 * turns.length, `${looks} looks for ${turns.length} turns`);
  });
});

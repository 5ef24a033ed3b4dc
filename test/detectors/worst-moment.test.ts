import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MOMENT, timeWithin, worstMoment } from '../../src/detectors/worst-moment.ts';
import { SECOND } from '../../src/trace/time.ts';

type Spans = readonly (readonly [number, number])[];
const spans = (all: Spans) =>
  all.map(([start, end]) => ({ start: Math.round(start * SECOND), end: Math.round(end * SECOND) }));

/** How many seconds of the worst 10 s of a capture of so many seconds are covered; null of a short capture. */
function worst(length: number, all: Spans): number | null {
  const moment = worstMoment(spans(all), { start: 0, end: length * SECOND });
  if (moment === null) return null;
  assert.equal(moment.end - moment.start, MOMENT);
  assert.ok(moment.start >= 0 && moment.end <= length * SECOND);
  return timeWithin(spans(all), moment) / SECOND;
}

describe('the worst moment of a capture', () => {
  it('is none of one that is no longer, or in which nothing was', () => {
    assert.equal(worst(10, [[1, 9]]), null);
    assert.equal(worst(600, []), null);
  });

  it('lies where the most time is covered', () => {
    assert.equal(
      worst(600, [
        [5, 8],
        [100, 101],
        [103, 105],
        [108, 109],
        [300, 302],
      ]),
      4,
    );
    assert.equal(
      worst(600, [
        [5, 8],
        [100, 101],
        [103, 106],
        [108, 112],
        [300, 302],
      ]),
      7,
    );
    assert.equal(worst(600, [[100, 130]]), 10);
    assert.equal(
      worst(600, [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
        [9, 10],
        [11, 12],
        [598, 600],
      ]),
      5,
    );
  });

  it('does not lie beyond the end', () => {
    assert.equal(worst(600, [[597, 600]]), 3);
    assert.equal(
      worst(600, [
        [592, 594],
        [598, 600],
      ]),
      4,
    );
  });

  it('is no worse than any other that begins or ends with one of them', () => {
    let seed = 7;
    const random = (): number => {
      seed = (seed * 16_807) % 2_147_483_647;
      return Math.round((seed / 2_147_483_647) * 1000) / 1000;
    };
    for (let round = 0; round < 200; round++) {
      const all: [number, number][] = [];
      for (let at = random() * 5; at < 55; at += random() * 6) {
        const start = at;
        at += random() * (round % 2 === 0 ? 2 : 14);
        all.push([start, Math.min(at, 60)]);
      }
      const begins = all.map(([start]) => Math.min(start, 50));
      const most = Math.max(
        ...begins.map((start) => timeWithin(spans(all), { start: start * SECOND, end: (start + 10) * SECOND })),
      );
      assert.ok(Math.abs((worst(60, all) ?? 0) * SECOND - most) < 10, `${round}`);
    }
  });
});

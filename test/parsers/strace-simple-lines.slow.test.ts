import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { damaged } from '../fuzz/damage.ts';
import { Random } from '../fuzz/random.ts';
import { busiestThread, LAYOUTS, straceSamples } from './captures-of-strace.ts';
import type { ReadColumns } from './read-columns.ts';
import { same } from './read-with-assembly.ts';

const samples = straceSamples().map(({ name, bytes }) => ({ name, bytes: bytes.subarray(0, 400_000) }));

/** The share of the records that JavaScript was left to read. */
function hardShare({ hardLines, records }: ReadColumns): number {
  return hardLines / records.length;
}

describe('the assembly that reads simple lines', () => {
  it('reads samples as the parser does, in any chunks, and most of their lines', () => {
    const shares = samples.map(({ name, bytes }) => hardShare(same(bytes, [60_000, 7, 4_096, 131_072], name)));
    shares.sort((a, b) => a - b);
    assert.ok(samples.length > 40);
    assert.ok((shares[samples.length >> 1] as number) < 0.15, `${shares}`);
  });

  for (const [layout, write] of Object.entries(LAYOUTS))
    it(`reads lines ${layout} as the parser does`, () => {
      const shares = samples.slice(0, 30).map(({ name, bytes }) => {
        const text = write(bytes.toString('latin1', 0, 60_000));
        return hardShare(same(Buffer.from(text, 'latin1'), [20_000, 333], name));
      });
      shares.sort((a, b) => a - b);
      assert.ok((shares[shares.length >> 1] as number) < 0.4, `${shares}`);
    });

  it('reads the file of one thread as the parser does', () => {
    for (const { name, bytes } of samples.slice(0, 30)) {
      const { tid, text } = busiestThread(bytes.toString('latin1'));
      same(Buffer.from(text, 'latin1'), [30_000, 333], name, tid);
    }
  });

  it('reads damaged lines as the parser does', () => {
    const random = new Random(31);
    for (let round = 0; round < 301; round++) {
      const { name, bytes } = random.pick(samples);
      const at = random.below(Math.max(1, bytes.length - 20_000));
      const layouts = Object.values(LAYOUTS);
      let lines = random
        .pick(layouts)(bytes.toString('latin1', at, at + 20_000))
        .split('\n');
      for (let blows = random.below(random.oneIn(2) ? 30 : 3); blows >= 0; blows--) lines = damaged(lines, random);
      const text = Buffer.from(lines.join('\n'), 'latin1');
      for (let flips = random.below(40); flips > 0; flips--) text[random.below(text.length)] = random.below(256);
      same(text, [1 + random.below(20_000), 1 + random.below(500)], `round ${round}, ${name}`);
    }
  });
});

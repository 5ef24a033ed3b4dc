import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCorpus } from './corpus.ts';
import { bytesOf, fuzzCase } from './fuzz-case.ts';
import { complaintAbout } from './oracle.ts';
import { randomOf } from './random.ts';
import { shrunk } from './shrink.ts';

const SEEDS = [7, 11, 13];
const CASES = 31;
const corpus = readCorpus();

test('a case follows from its seed and number alone, and another number gives another case', () => {
  const bytes = (number: number): string =>
    fuzzCase(corpus, 17, number)
      .files.map((file) => bytesOf(file).toString('latin1'))
      .join('\0');
  assert.equal(bytes(23), bytes(23));
  assert.notEqual(bytes(23), bytes(29));
});

test('cases begin with captures, with examples of the documents, and with invented lines of every format', () => {
  assert.ok(corpus.filter(({ name }) => name.startsWith('samples')).length > 100);
  assert.ok(corpus.filter(({ name }) => name.startsWith('src/detectors')).length >= 50);
  const lines = Array.from({ length: 400 }, (_, number) => fuzzCase(corpus, 3, number))
    .flatMap(({ files }) => files)
    .flatMap((file) => file.lines)
    .join('\n');
  for (const shape of [
    /<unfinished \.\.\.>/,
    /^ts=\d+ dur=/m,
    /^event=tick/m,
    / ms\): herd\//,
    /^% time/m,
    /Summary of events/,
  ])
    assert.match(lines, shape);
});

test('a smaller case with the same failure is found', async () => {
  const lines = Array.from({ length: 61 }, (_, number) => `line ${number}`);
  const whole = {
    files: [
      { name: 'a', lines, isEnded: true },
      { name: 'b', lines, isEnded: true },
    ],
  };
  const small = await shrunk(whole, async ({ files }) => files.some((file) => file.lines.includes('line 41')));
  assert.deepEqual(
    small.files.map((file) => file.lines),
    [['line 41']],
  );
});

for (const seed of SEEDS) {
  test(`${CASES} cases of seed ${seed} have sound reports, which depend on nothing but the bytes`, async () => {
    for (let number = 0; number < CASES; number++) {
      const complaint = await complaintAbout(fuzzCase(corpus, seed, number), randomOf(~seed, number));
      assert.equal(complaint, '', `npm run fuzz -- --seed ${seed} --case ${number}`);
    }
  });
}

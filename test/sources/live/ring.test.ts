import assert from 'node:assert/strict';
import { appendFileSync, closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Ring } from '../../../src/sources/live/ring.ts';
import { tailInput } from '../../../src/sources/tail-input.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
const LINE = 'a line of 17 bytes\n';
let made = 0;

function ringOf(seconds: number, mostBytes: number, isBroken = false) {
  const path = join(FOLDER, `ring-${made++}`);
  const descriptor = openSync(path, 'a+');
  const state = { now: 0, bytes: 0, freed: [] as [number, number][], limits: [] as number[], openings: 0 };
  const ring = new Ring({
    length: seconds * 1e9,
    mostBytes,
    descriptor,
    opening: () => `opening ${++state.openings}\n`,
    limit: (bytes) => state.limits.push(bytes),
    now: () => state.now * 1e9,
    free: async (_, from, length) => {
      if (isBroken) throw new Error('no holes');
      state.freed.push([from, length]);
    },
  });
  /** A second of so many lines, and a beginning of one. */
  const second = async (lines: number): Promise<void> => {
    appendFileSync(path, LINE.repeat(lines));
    state.bytes += LINE.length * lines;
    state.now++;
    ring.look(state.bytes);
    await pause(0);
  };
  return { path, ring, state, second, close: () => closeSync(descriptor) };
}

test('a ring begins at a line, at least its length ago, and no more than a sixth of that earlier', async () => {
  const { path, ring, state, second, close } = ringOf(12, 1e9);
  appendFileSync(path, 'begun');
  state.bytes = 5;
  for (let each = 0; each < 61; each++) await second(7);
  const { first } = ring;
  assert.ok(first !== null);
  const ageSeconds = state.now - first.at / 1e9;
  assert.ok(ageSeconds >= 12 && ageSeconds <= 14, String(ageSeconds));
  assert.equal((first.offset - 5) % LINE.length, 0);
  assert.equal(ring.freed, first.offset);
  // What was freed is all of the beginning, piece by piece.
  assert.equal(
    state.freed.reduce((end, [from, length]) => (from === end ? end + length : Number.NaN), 0),
    ring.freed,
  );
  assert.equal(state.limits.at(-1), ring.freed + 1e9);
  close();
});

test('a ring that is full keeps less time rather than more space', async () => {
  const most = 100 * LINE.length;
  const { ring, state, second, close } = ringOf(60, most);
  for (let each = 0; each < 41; each++) {
    await second(11);
    assert.ok(state.bytes - ring.freed <= most, `${state.bytes - ring.freed} of ${most}`);
  }
  assert.ok(state.now - (ring.first?.at ?? 0) / 1e9 >= 3);
  close();
});

test('a ring that is held gives nothing back, and catches up afterwards', async () => {
  const { ring, second, close } = ringOf(6, 1e9);
  for (let each = 0; each < 11; each++) await second(3);
  const { freed, first } = ring;
  ring.hold();
  for (let each = 0; each < 11; each++) await second(3);
  assert.deepEqual([ring.freed, ring.first], [freed, first]);
  ring.release();
  await second(3);
  assert.ok(ring.freed > freed);
  close();
});

test('where nothing can be given back, nothing is taken for given back', async () => {
  const { ring, state, second, close } = ringOf(6, 1e9, true);
  for (let each = 0; each < 19; each++) await second(3);
  assert.equal(ring.freed, 0);
  assert.deepEqual(state.limits, []);
  close();
});

test('who reads along too slowly goes on behind what was given back, at the beginning of a line', async () => {
  const path = join(FOLDER, 'read');
  appendFileSync(path, LINE.repeat(5));
  let freed = 0;
  let end: (value: unknown) => void = () => undefined;
  const ended = new Promise((resolve) => {
    end = resolve;
  });
  const input = tailInput({ path, ended, diagnostics: [], freed: () => freed });
  let text = '';
  let chunks = 0;
  for await (const chunk of input.chunks()) {
    text += chunk.toString('latin1');
    if (chunks++ > 0) continue;
    appendFileSync(path, 'half a li');
    appendFileSync(path, `ne\n${LINE.repeat(2)}the rest\n`);
    freed = LINE.length * 7 + 'half a line\n'.length;
    end(null);
  }
  assert.equal(text, `${LINE.repeat(5)}\nthe rest\n`);
});

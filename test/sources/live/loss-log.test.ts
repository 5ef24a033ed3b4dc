import assert from 'node:assert/strict';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { LossLog } from '../../../src/sources/live/loss-log.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

function logOf(text: string): { readonly path: string; readonly log: LossLog } {
  const path = join(temporaryFolder(), 'tracer.log');
  writeFileSync(path, text);
  return { path, log: new LossLog(path) };
}

test('each look takes in the losses of what was written since the last one, whole lines only', () => {
  const { path, log } = logOf('Attached 8 probes\nLost 208 events\nLost 3 ev');
  log.look(1_000);
  assert.deepEqual(log.losses, [{ at: 1_000, count: 208 }]);
  appendFileSync(path, 'ents\nLost 47 events\ncalls.bt:154: WARNING: signed operands\n');
  log.look(2_000);
  log.look(3_000);
  assert.deepEqual(log.losses, [
    { at: 1_000, count: 208 },
    { at: 2_000, count: 50 },
  ]);
  assert.equal(log.total, 258);
});

test('the sum at the end adds what was not said before, and nothing twice', () => {
  const { path, log } = logOf('Lost 208 events\n');
  log.look(1_000);
  appendFileSync(path, 'WARNING: Total lost event count: 215\n');
  log.look(2_000);
  assert.deepEqual(
    log.losses.map(({ count }) => count),
    [208, 7],
  );
  appendFileSync(path, 'WARNING: Total lost event count: 215\n');
  log.look(3_000);
  assert.equal(log.total, 215);
});

test('words of others that look like it are no loss, and a log that is gone says nothing', () => {
  const { path, log } = logOf('it Lost 5 events\nLost 5 events today\nLost -5 events\n');
  log.look(1_000);
  rmSync(path);
  log.look(2_000);
  assert.deepEqual(log.losses, []);
});

test('a log of many megabytes is read to its end', () => {
  const { log } = logOf('Lost 1 events\n'.repeat(400_000));
  for (let look = 0; look < 3; look++) log.look(look);
  assert.equal(log.total, 400_000);
});

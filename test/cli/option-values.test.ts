import assert from 'node:assert/strict';
import test from 'node:test';
import { parseBytes, parseSeconds } from '../../src/cli/options/values.ts';

test('times are read in seconds, minutes and hours, between a second and a day', () => {
  assert.deepEqual(
    ['1', '60s', '2m', '1.5m', '1h', '0.3s', '24h'].map(parseSeconds),
    [1, 60, 120, 90, 3_600, 1, 86_400],
  );
  for (const text of ['', '0', '25h', '10x', '-3', 'soon', '1e9'])
    assert.throws(() => parseSeconds(text), { name: 'UsageError' }, text);
});

test('sizes are read in bytes and powers of 1024, from 4k on', () => {
  assert.deepEqual(
    ['4096', '4k', '512M', '1.5G', '7MiB'].map(parseBytes),
    [4_096, 4_096, 536_870_912, 1_610_612_736, 7_340_032],
  );
  for (const text of ['', '4095', '3k', 'much', '512X'])
    assert.throws(() => parseBytes(text), { name: 'UsageError' }, text);
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { shorterTargets } from '../../src/detectors/short-path.ts';

test('a path loses its middle first, then its folders, and its name last', () => {
  assert.deepEqual(shorterTargets('/var/lib/php/sessions/sess_abc'), [
    '/var/lib/php/sessions/sess_abc',
    '/var/…/sess_abc',
    '…/sess_abc',
  ]);
  assert.deepEqual(shorterTargets('/data/report.lock'), ['/data/report.lock', '…/report.lock']);
  // The beginning and the end of a long name tell it from others.
  const long = `/srv/app/${'a'.repeat(30)}-0123456789.db`;
  assert.equal(shorterTargets(long).at(-1), `…/${'a'.repeat(18)}…123456789.db`);
});

test('a service loses how its name is known, then its name, and its address never', () => {
  assert.deepEqual(shorterTargets('10.1.2.195:6379 (Redis by convention)'), [
    '10.1.2.195:6379 (Redis by convention)',
    '10.1.2.195:6379 (Redis)',
    '10.1.2.195:6379',
  ]);
  assert.deepEqual(shorterTargets('10.0.0.5:9000'), ['10.0.0.5:9000']);
});

test('what is short, or no path and no service, stays as it is', () => {
  for (const target of ['/data/app.db', 'socket fds 12 and 16', 'pipe fd 2'])
    assert.deepEqual(shorterTargets(target), [target]);
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { placeOf } from '../../src/detectors/one-service.ts';
import { Listener } from '../../src/model/machine/listener.ts';

it('clients call a service by a port or the path of a socket; a number of it is no place', () => {
  const placed = (name: string): string => placeOf(new Listener(0, name, 'same-address'));
  assert.deepEqual(
    ['127.0.0.1:8000', '[::1]:8001', 'unix:/run/app.sock', '/run/app.sock', 'socket:[4711]', 'fd 5', ''].map(placed),
    ['8000', '8001', 'unix:/run/app.sock', '/run/app.sock', '', '', ''],
  );
  assert.equal(placeOf(null), '');
});

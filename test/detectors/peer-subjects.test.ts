import assert from 'node:assert/strict';
import { test } from 'node:test';
import { peerSubjects } from '../../src/detectors/words.ts';

test('a service is a subject by its address alone; files, sockets without a name and nothing are none', () => {
  const targets = ['10.0.0.7:3306 (MySQL)', '[::1]:6379', '/srv/app:17', 'unix:/run/app.sock', 'socket fd 7', ''];
  assert.deepEqual(peerSubjects(targets), ['peer 10.0.0.7:3306', 'peer [::1]:6379']);
});

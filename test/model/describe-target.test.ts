import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Descriptor, describeTarget } from '../../src/model/machine/descriptors.ts';

it('what a call is made on has a number where one is known, and no number where none is', () => {
  const named = (kind: 'socket' | 'epoll' | 'connection', fd: number): string =>
    describeTarget(fd, new Descriptor(kind, '', true));
  assert.equal(named('socket', 12), 'socket fd 12');
  assert.equal(named('socket', -1), 'a socket');
  assert.equal(named('epoll', -1), 'an epoll');
  assert.equal(named('connection', -1), 'a client');
  const peer = new Descriptor('socket', '', true);
  peer.peer = '10.0.0.7:3306';
  assert.equal(describeTarget(-1, peer), '10.0.0.7:3306 (MySQL by convention)');
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Descriptor, describeByLabel, describeTarget } from '../../src/model/machine/descriptors.ts';

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

it('a service of IPv4 has one name, whichever family the socket to it has', () => {
  const peerOf = (label: string): string => describeByLabel(label).peer;
  assert.equal(peerOf('TCP:[10.0.0.9:54104->10.0.0.7:5432]'), '10.0.0.7:5432');
  // As all of Java connects.
  assert.equal(peerOf('TCPv6:[[::ffff:10.0.0.9]:54104->[::ffff:10.0.0.7]:5432]'), '10.0.0.7:5432');
  assert.equal(peerOf('TCPv6:[[::1]:54104->[::1]:5432]'), '[::1]:5432');
});

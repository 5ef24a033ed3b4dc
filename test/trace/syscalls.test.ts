import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type Family, syscall, syscallById } from '../../src/trace/syscalls.ts';

it('a name has one object, so that names compare by identity', () => {
  assert.equal(syscall('accept4'), syscall('accept4'));
  assert.notEqual(syscall('accept4'), syscall('accept'));
  assert.equal(syscallById(syscall('accept4').id), syscall('accept4'));
  assert.throws(() => syscallById(1e9), RangeError);
});

it('every spelling of a wait, a transfer and a process has its family', () => {
  const rows: readonly (readonly [Family, string])[] = [
    ['epoll-wait', 'epoll_wait epoll_pwait epoll_pwait2'],
    ['poll', 'poll ppoll ppoll_time64'],
    ['select', 'select _newselect pselect6 pselect6_time64'],
    ['accept', 'accept accept4'],
    ['read', 'read readv recvfrom recvmsg recvmmsg'],
    ['write', 'write writev sendto sendmsg sendmmsg sendfile splice'],
    ['clone', 'clone clone3 fork vfork'],
    ['sleep', 'nanosleep clock_nanosleep clock_nanosleep_time64'],
    ['futex', 'futex futex_time64'],
    ['sync', 'fsync fdatasync sync msync'],
    ['other', 'a_call_of_the_future'],
  ];
  for (const [family, names] of rows)
    for (const name of names.split(' ')) assert.equal(syscall(name).family, family, name);
});

it('the first argument is a descriptor where it is one', () => {
  for (const name of [
    'read',
    'sendto',
    'accept4',
    'epoll_ctl',
    'epoll_wait',
    'close',
    'fsync',
    'flock',
    'fcntl',
    'fchmod',
    'utimensat',
  ])
    assert.ok(syscall(name).takesDescriptor, name);
  for (const name of ['poll', 'pselect6', 'futex', 'openat', 'socket', 'sync', 'wait4', 'a_call_of_the_future'])
    assert.ok(!syscall(name).takesDescriptor, name);
});

it('names that other tables hold are no names of calls', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty'])
    assert.equal(syscall(name).family, 'other');
});

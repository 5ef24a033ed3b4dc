import assert from 'node:assert/strict';
import test from 'node:test';
import { analyzed, ofKind } from '../support/analyzed.ts';

/** A turn of 400 calls, 1.03 ms from one to the next, with or without their stacks; the tracer takes 1 ms of it. */
function turn(stacks: boolean): string {
  const lines: string[] = [];
  let at = 1_795_140_800_000_000;
  const add = (call: string, took: number): void => {
    lines.push(`101 ${(at / 1e6).toFixed(6)} ${call} <${(took / 1e6).toFixed(6)}>`);
    if (stacks) lines.push(' > /usr/lib/libc.so.6(send+0x19) [0x10b780]');
    at += took + 1_020;
  };
  add('epoll_wait(7<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=5, u64=5}}], 64, -1) = 1', 40_000);
  add('accept4(5<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK) = 11<socket:[5001]>', 10);
  add('recvfrom(11<socket:[5001]>, "GET /a HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 19', 10);
  for (let index = 0; index < 400; index++) add('getpid() = 101', 10);
  add('sendto(11<socket:[5001]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19', 10);
  add('close(11<socket:[5001]>) = 0', 10);
  add('epoll_wait(7<anon_inode:[eventpoll]>, [], 64, 300) = 0', 300_000);
  return `${lines.join('\n')}\n`;
}

test('what the tracer takes to unwind stacks between calls is no stall', async () => {
  assert.equal(ofKind(await analyzed(turn(false)), 'loop-stall').length, 1);
  assert.deepEqual(ofKind(await analyzed(turn(true)), 'loop-stall'), []);
});

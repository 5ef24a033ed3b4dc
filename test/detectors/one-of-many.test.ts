import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reportOn, testEachThread } from './one-of-many.ts';

const ADDRESS = '{sa_family=AF_INET, sin_port=htons(40001), sin_addr=inet_addr("10.0.0.7")}';

/** A loop that serves ten requests, and waits for a lock for 400 ms in three of them; `first` is its first call. */
function loopWithLock(first: string, lock: string): string {
  const lines: string[] = [first];
  for (let index = 0; index < 10; index++) {
    const at = 1_795_189_540 + index;
    const took = index % 3 === 1 ? 0.4 : 0.00001;
    lines.push(
      `${at}.000100 epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3, u64=3}}], 64, 1000) = 1 <0.500000>`,
      `${at}.500200 accept4(3<socket:[4711]>, ${ADDRESS}, [16], SOCK_CLOEXEC|SOCK_NONBLOCK) = 9<socket:[50${index}]> <0.000010>`,
      `${at}.500300 recvfrom(9<socket:[50${index}]>, "GET /a HTTP/1.1\\r\\n\\r\\n", 4096, 0, NULL, NULL) = 19 <0.000010>`,
      `${at}.500400 futex(0xc000100148, ${lock}, 0, NULL) = 0 <${took.toFixed(6)}>`,
      `${at}.9${String(index)}0500 sendto(9<socket:[50${index}]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19 <0.000020>`,
      `${at}.9${String(index)}0600 close(9<socket:[50${index}]>) = 0 <0.000010>`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const PYTHON =
  '1795189539.000000 execve("/usr/bin/gunicorn", ["/usr/bin/python3", "/usr/bin/gunicorn", "a:b"], 0x7ffc /* 9 vars */) = 0 <0.0001>';
const NOBODY = '1795189539.000000 getpid() = 7 <0.000010>';

describe('one thread of a process that has others, traced without -f', () => {
  testEachThread(['go-tls']);

  it('is told by a wait for a private lock that somebody ended, and the verdict says what to record', async () => {
    const { verdict, outcomes } = await reportOn(loopWithLock(NOBODY, 'FUTEX_WAIT_PRIVATE'));
    assert.match(verdict.text, /^Cannot tell: one thread was traced of a process that has others\. .* -f\./);
    assert.equal(outcomes['loop-stall']?.status, 'not-applicable');
  });

  it('stalls all the same where its loop is that of one thread, whatever others do', async () => {
    const { findings } = await reportOn(loopWithLock(PYTHON, 'FUTEX_WAIT_PRIVATE'));
    assert.ok(findings.some(({ kind, severity }) => kind === 'loop-stall' && severity !== 'info'));
  });
});

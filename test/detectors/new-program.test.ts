import { it } from 'node:test';
import { analyzed, none } from '../support/analyzed.ts';
import { attached } from '../support/server-lines.ts';

it('a loop ends where its process becomes another program, as at a reload of haproxy', async () => {
  const { trace, workers } = attached([101]);
  for (const worker of workers) {
    for (let count = 1; count <= 11; count++) worker.waitUntil(count * 70, 3).serve(11, 'GET /a');
    worker
      .call('execve("/usr/sbin/haproxy", ["/usr/sbin/haproxy", "-W"], 0x7ffd2af5eab8 /* 9 vars */', ')', 0)
      .gap(400)
      .call('epoll_create(200', ')', `8<anon_inode:[eventpoll]>`)
      .call(
        `epoll_ctl(8<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, ${worker.fd(3)}, {events=EPOLLIN, data={u32=3, u64=3}}`,
        ')',
        0,
      )
      .call('epoll_wait(8<anon_inode:[eventpoll]>, ', '[], 64, 5000)', 0, 5000);
    worker.call('epoll_wait(8<anon_inode:[eventpoll]>, ', '[], 64, 5000)', 0, 5000);
  }
  none(await analyzed(trace), 'loop-stall');
});

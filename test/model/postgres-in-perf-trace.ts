/**
 * The first lines of a `perf trace -a` (perf 6.1) of a PostgreSQL 15 without a fault, of its parent and of the worker
 * of one connection: psql measured 22 ms at the most. Reads of files are left out, blanks in front of results as well.
 */
export const POSTGRES_IN_PERF_TRACE = `\
         ? (         ): postgres/22267  ... [continued]: pselect6()) = 1
   953.245 ( 0.016 ms): postgres/22267 rt_sigprocmask(how: SETMASK, nset: 0x5606fd32a500, sigsetsize: 8) = 0
   953.281 ( 0.030 ms): postgres/22267 accept(fd: 5<socket:[19380807]>, upeer_sockaddr: 0x56071669fd88, upeer_addrlen: 0x56071669fe08) = 7
   953.327 ( 0.015 ms): postgres/22267 getsockname(fd: 7, usockaddr: 0x56071669fd00, usockaddr_len: 0x56071669fd80) = 0
   953.357 ( 0.017 ms): postgres/22267 setsockopt(fd: 7, level: TCP, optname: 1, optval: 0x7ffe65a84bc4, optlen: 4) = 0
   953.390 ( 0.016 ms): postgres/22267 setsockopt(fd: 7, level: 1, optname: 9, optval: 0x7ffe65a84bc4, optlen: 4) = 0
   953.456 ( 0.015 ms): postgres/22267 getpid() = 22267
   953.513 ( 0.723 ms): postgres/22267 clone(clone_flags: CHILD_CLEARTID|CHILD_SETTID|0x11, child_tidptr: 0x7f709692ed50) = 26311 (postgres)
   954.283 ( 0.017 ms): postgres/22267 close(fd: 7) = 0
   954.323 ( 0.016 ms): postgres/22267 rt_sigprocmask(how: SETMASK, nset: 0x5606fd32a580, sigsetsize: 8) = 0
   954.354 (         ): postgres/22267 pselect6(n: 7, inp: 0x7ffe65a84cd0, tsp: 0x7ffe65a84b90) ...
   954.406 ( 0.016 ms): postgres/26311 set_robust_list(head: 0x7f709692ed60, len: 24) = 0
   954.976 ( 0.025 ms): postgres/26311 signalfd4(ufd: -1, user_mask: 0x7ffe65a84b20, sizemask: 8, flags: 526336) = 8
   955.036 ( 0.021 ms): postgres/26311 epoll_create1(flags: 524288) = 9
   955.079 ( 0.022 ms): postgres/26311 epoll_ctl(epfd: 9<anon_inode:[eventpoll]>, op: ADD, fd: 8<anon_inode:[signalfd]>, event: 0x7ffe65a84b7c) = 0
   957.581 ( 0.020 ms): postgres/26311 epoll_create1(flags: 524288) = 4
   957.647 ( 0.020 ms): postgres/26311 epoll_ctl(epfd: 4<anon_inode:[eventpoll]>, op: ADD, fd: 8<anon_inode:[signalfd]>, event: 0x7ffe65a84b9c) = 0
   957.885 ( 0.017 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = -1 EAGAIN (Resource temporarily unavailable)
   957.947 (         ): postgres/26311 epoll_wait(epfd: 4<anon_inode:[eventpoll]>, events: 0x5607166a8170, maxevents: 1, timeout: 4294967295) ...
   957.947 ( 5.029 ms): postgres/26311  ... [continued]: epoll_wait()) = 1
   962.999 ( 0.048 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = 8
   963.082 ( 0.040 ms): postgres/26311 sendto(fd: 7<socket:[19400650]>, buff: 0x7ffe65a84c24, len: 1) = 1
   963.139 ( 0.016 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = -1 EAGAIN (Resource temporarily unavailable)
   963.176 (         ): postgres/26311 epoll_wait(epfd: 4<anon_inode:[eventpoll]>, events: 0x5607166a8170, maxevents: 1, timeout: 4294967295) ...
   963.176 ( 0.350 ms): postgres/26311  ... [continued]: epoll_wait()) = 1
   963.552 ( 0.020 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = 58
   982.255 ( 0.072 ms): postgres/26311 sendto(fd: 7<socket:[19400650]>, buff: 0x5607166a60e8, len: 410) = 410
   999.261 ( 0.028 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = 12
   999.431 ( 0.093 ms): postgres/26311 sendto(fd: 7<socket:[19400650]>, buff: 0x5607166a60e8, len: 17) = 17
   999.544 ( 0.018 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = -1 EAGAIN (Resource temporarily unavailable)
   999.580 ( 0.019 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = -1 EAGAIN (Resource temporarily unavailable)
   999.616 (         ): postgres/26311 epoll_wait(epfd: 4<anon_inode:[eventpoll]>, events: 0x5607166a8170, maxevents: 1, timeout: 4294967295) ...
   999.616 (27.932 ms): postgres/26311  ... [continued]: epoll_wait()) = 1
  1027.571 ( 0.015 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = 36
  1029.002 ( 0.042 ms): postgres/26311 sendto(fd: 7<socket:[19400650]>, buff: 0x5607166a60e8, len: 20) = 20
  1029.381 ( 0.016 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = -1 EAGAIN (Resource temporarily unavailable)
  1029.413 (         ): postgres/26311 epoll_wait(epfd: 4<anon_inode:[eventpoll]>, events: 0x5607166a8170, maxevents: 1, timeout: 4294967295) ...
   954.354 (1004.168 ms): postgres/22267  ... [continued]: pselect6()) = 1
  1958.544 ( 0.011 ms): postgres/22267 rt_sigprocmask(how: SETMASK, nset: 0x5606fd32a500, sigsetsize: 8) = 0
  1958.569 ( 0.044 ms): postgres/22267 accept(fd: 5<socket:[19380807]>, upeer_sockaddr: 0x56071669fd88, upeer_addrlen: 0x56071669fe08) = 7
  1958.623 ( 0.010 ms): postgres/22267 getsockname(fd: 7, usockaddr: 0x56071669fd00, usockaddr_len: 0x56071669fd80) = 0
  1958.644 ( 0.011 ms): postgres/22267 setsockopt(fd: 7, level: TCP, optname: 1, optval: 0x7ffe65a84bc4, optlen: 4) = 0
  1958.665 ( 0.011 ms): postgres/22267 setsockopt(fd: 7, level: 1, optname: 9, optval: 0x7ffe65a84bc4, optlen: 4) = 0
  1958.712 ( 0.010 ms): postgres/22267 getpid() = 22267
  1958.756 (         ): postgres/22267 clone(clone_flags: CHILD_CLEARTID|CHILD_SETTID|0x11, child_tidptr: 0x7f709692ed50) ...
  1958.756 ( 1.018 ms): postgres/22267  ... [continued]: clone()) = 26343 (postgres)
  1959.805 ( 0.013 ms): postgres/22267 close(fd: 7) = 0
  1959.837 ( 0.011 ms): postgres/22267 rt_sigprocmask(how: SETMASK, nset: 0x5606fd32a580, sigsetsize: 8) = 0
  1959.860 (         ): postgres/22267 pselect6(n: 7, inp: 0x7ffe65a84cd0, tsp: 0x7ffe65a84b90) ...
  1959.860 (77.722 ms): postgres/22267  ... [continued]: pselect6()) = -1 (unknown) (INTERNAL ERROR: strerror_r(514, [buf], 128)=22)
  2037.618 ( 0.048 ms): postgres/22267 wait4(upid: -1, stat_addr: 0x7ffe65a83f34, options: NOHANG) = 26343 (postgres)
  2037.694 ( 0.012 ms): postgres/22267 wait4(upid: -1, stat_addr: 0x7ffe65a83f34, options: NOHANG) = 0
  2037.720 (         ): postgres/22267 rt_sigreturn() ...
  2037.746 ( 0.013 ms): postgres/22267 rt_sigprocmask(how: SETMASK, nset: 0x5606fd32a500, sigsetsize: 8) = 0
  2037.774 ( 0.011 ms): postgres/22267 rt_sigprocmask(how: SETMASK, nset: 0x5606fd32a580, sigsetsize: 8) = 0
  2037.796 (         ): postgres/22267 pselect6(n: 7, inp: 0x7ffe65a84cd0, tsp: 0x7ffe65a84b90) ...
  1029.413 (2391.095 ms): postgres/26311  ... [continued]: epoll_wait()) = 1
  3420.536 ( 0.017 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = 13
  3420.719 (         ): postgres/26311 fdatasync(fd: 13</var/lib/postgresql/pg_wal/000000010000000000000001>) ...
  3420.719 ( 1.060 ms): postgres/26311  ... [continued]: fdatasync()) = 0
  3421.844 ( 0.036 ms): postgres/26311 sendto(fd: 7<socket:[19400650]>, buff: 0x5607166a60e8, len: 18) = 18
  3421.893 ( 0.014 ms): postgres/26311 recvfrom(fd: 7<socket:[19400650]>, ubuf: 0x5606fd328440, size: 8192) = -1 EAGAIN (Resource temporarily unavailable)
`;

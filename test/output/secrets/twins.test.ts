import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { getSystemErrorMap } from 'node:util';
import { maskSecrets } from '../../../src/output/masking/shapes.ts';
import { redactLine } from '../../../src/output/redact-line.ts';
import { errorNumber } from '../../../src/trace/errors.ts';

/** Lines that hold no secret: an operator reads them as they are. */
const LINES: readonly string[] = [
  '7 1795189522.003000 connect(7<socket:[555]>, {sa_family=AF_INET, sin_port=htons(3306), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000040>',
  '7 1795189522.003000 connect(7, {sa_family=AF_INET6, sin6_port=htons(443), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "2001:db8::7", &sin6_addr), sin6_scope_id=if_nametoindex("eth0")}, 28) = 0',
  'connect(7, {sa_family=AF_UNIX, sun_path="/run/php/php8.2-fpm.sock"}, 110) = 0',
  'connect(7, {sa_family=AF_UNIX, sun_path=@"/org/kernel/linux/storage"}, 110) = 0',
  '4127 12:00:00.000001 openat(AT_FDCWD</srv/app>, "/srv/app/lib/python3.11/site-packages/yaml/_yaml.cpython-311-x86_64-linux-gnu.so", O_RDONLY|O_CLOEXEC) = 3</srv/app/lib/python3.11/site-packages/yaml/_yaml.cpython-311-x86_64-linux-gnu.so> <0.000012>',
  'openat(AT_FDCWD, "/etc/ssl/private/server.key", O_RDONLY) = 3',
  'openat(AT_FDCWD, "/run/secrets/db_password", O_RDONLY) = 3',
  'openat(AT_FDCWD, "/srv/app/sessions.db", O_RDWR) = 9</srv/app/sessions.db>',
  'openat(AT_FDCWD, "/srv/app/node_modules/express-session/session/memory.js", O_RDONLY) = 9',
  'openat(AT_FDCWD, "/usr/lib/python3/dist-packages/django/contrib/sessions/backends/cached_db.py", O_RDONLY) = 9',
  'openat(AT_FDCWD, "/srv/app/session_store.rb", O_RDONLY) = 9',
  'openat(AT_FDCWD, "/usr/share/zoneinfo/America/Argentina/Buenos_Aires", O_RDONLY) = 9',
  'openat(AT_FDCWD, "/var/log/journal/system.journal", O_RDONLY) = 9',
  'openat(AT_FDCWD, "/srv/releases/20261120182901/app.py", O_RDONLY) = 9',
  'openat(AT_FDCWD, "/nix/store/0c5b8vw40d1hl2a6vr5p2hr1q8yq9n3c-python3-3.11.6/bin/python3", O_RDONLY) = 9',
  'openat(AT_FDCWD, "/proc/self/task/4127/comm", O_RDONLY) = 9',
  'openat(AT_FDCWD, "/sys/fs/cgroup/system.slice/gunicorn.service/cpu.stat", O_RDONLY) = 9',
  'stat("/srv/caf\\303\\251/menu.html", {st_mode=S_IFREG|0644, st_size=17, ...}) = 0',
  'stat("/etc/localtime", {st_dev=makedev(8, 1), st_ino=4195442, st_atime=2015/01/28-12:35:34, ...}) = 0',
  'readlink("/proc/self/exe", "/usr/bin/python3.11", 4096) = 19',
  'readlink("/usr/bin/python3", "python3.11", 4095) = 10',
  'readlink("/proc/self/fd/5", "socket:[4711]", 4095) = 13',
  'symlink("../releases/17", "/srv/current") = 0',
  'renameat2(AT_FDCWD, "/srv/a.tmp", AT_FDCWD, "/srv/a", RENAME_NOREPLACE) = 0',
  'mount("tmpfs", "/run", "tmpfs", MS_NOSUID|MS_NODEV, "mode=755,size=65536k") = 0',
  'prctl(PR_SET_NAME, "worker-1") = 0',
  'prctl(PR_SET_NAME, "ThreadPoolExecu"...) = 0',
  'prctl(PR_SET_NAME, "gunicorn: worker") = 0',
  'prctl(PR_CAPBSET_READ, 0x30 /* CAP_??? */) = -1 EINVAL (Invalid argument)',
  'memfd_create("python_buffer", MFD_CLOEXEC) = 5',
  'execve("/usr/bin/gunicorn", ["gunicorn", "-k", "gevent", "-w", "4", "-b", "127.0.0.1:8000", "app:app"], 0x7ffc /* 9 vars */) = 0 <0.000300>',
  'execve("/usr/bin/python3", ["python3", "-m", "uvicorn", "app.main:app", "--port", "8000", "--workers=4", "--timeout", "30"], 0x7ffc /* 9 vars */) = 0',
  'execve("/usr/sbin/nginx", ["nginx", "-g", "daemon off;", "-c", "/etc/nginx/nginx.conf"], 0x7ffc /* 9 vars */) = 0',
  'execve("/bin/sh", ["sh", "-c", "exec gunicorn -w 4 -b :8000 app:app"], 0x7ffc /* 9 vars */) = 0',
  'execve("/usr/bin/strace", ["strace", "-f", "-ttt", "-p", "4127", "-o", "/tmp/t"], 0x7ffc /* 9 vars */) = 0',
  'execve("/bin/mkdir", ["mkdir", "-p", "/srv/a/b"], 0x7ffc /* 9 vars */) = 0',
  'execve("/usr/bin/ssh", ["ssh", "-p", "2222", "web-1"], 0x7ffc /* 9 vars */) = 0',
  'execve("/usr/bin/java", ["java", "-Xmx512m", "-XX:+UseG1GC", "-jar", "/srv/app.jar"], 0x7ffc /* 9 vars */) = 0',
  'execve("/usr/bin/curl", ["curl", "-sS", "-H", "Accept: text/html", "https://shop.example/health"], 0x7ffc /* 9 vars */) = 0',
  'execve("/usr/bin/mysql", ["mysql", "-u", "root", "-h", "127.0.0.1", "shop"], 0x7ffc /* 9 vars */) = 0',
  'recvfrom(14<TCP:[10.0.0.4:8000->10.2.0.7:51544]>, "GET /api/v1/orders/17/items"..., 8192, 0, NULL, NULL) = 118 <0.000010>',
  'recvfrom(14, "POST /login"..., 8192, 0, NULL, NULL) = 118',
  'recvfrom(14, "GET /auth/login"..., 8192, 0, NULL, NULL) = 118',
  'recvfrom(14, "GET /password/reset"..., 8192, 0, NULL, NULL) = 118',
  'recvfrom(14, "POST /api/token/refresh"..., 8192, 0, NULL, NULL) = 118',
  'recvfrom(14, "GET /static/js/app.3f2a.js"..., 8192, 0, NULL, NULL) = 118',
  'recvfrom(14, "GET /users/4711/profile"..., 8192, 0, NULL, NULL) = 118',
  'recvfrom(14, "GET http://shop.example/a"..., 8192, 0, NULL, NULL) = 118',
  'recvfrom(14, "CONNECT shop.example:443"..., 8192, 0, NULL, NULL) = 118',
  'sendto(14, "HTTP/1.1 200"..., 138, 0, NULL, 0) = 138 <0.000156>',
  'sendto(12, "SELECT"..., 23, 0, NULL, 0) = 23',
  'write(2, "<15 bytes>", 16) = 16',
  'write(15<pipe:[137249]>, "<5 bytes>", 5) = -1 EPIPE (Broken pipe) <0.000004>',
  'flock(12</var/lib/php/sess_<removed>>, LOCK_EX) = 0',
  'accept4(5<socket:[139299]>, 0x7ffc7e81a730, [16], SOCK_CLOEXEC) = -1 EMFILE (Too many open files) <0.000003>',
  '4870  1795199345.330647 <... accept4 resumed>{sa_family=AF_INET, sin_port=htons(36006), sin_addr=inet_addr("127.0.0.1")}, [128 => 16], SOCK_NONBLOCK) = 20 <0.000010>',
  '[pid  9738] epoll_wait(7<anon_inode:[eventpoll]>, [{events=EPOLLIN|EPOLLRDHUP, data={u32=5, u64=4294967301}}], 64, 542) = 1',
  'epoll_ctl(5<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 9<socket:[100]>, {events=EPOLLIN|EPOLLET, data={u32=9, u64=9}}) = 0',
  'poll([{fd=11<socket:[555]>, events=POLLIN|POLLPRI}], 1, -1) = 1 ([{fd=11, revents=POLLIN}]) <1.200000>',
  'select(9, [6], [], [], {tv_sec=1, tv_usec=0}) = 0 (Timeout) <1.000100>',
  'futex(0x378befe0, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, {tv_sec=1795199407, tv_nsec=96593582}, FUTEX_BITSET_MATCH_ANY <unfinished ...>',
  'clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=3767, tv_nsec=344560748},  <unfinished ...>',
  'ioctl(1, TCGETS, {c_iflag=BRKINT|ICRNL|IXON, c_oflag=OPOST|ONLCR, c_cflag=B38400|CS8|CREAD, c_lflag=ISIG|ICANON|ECHO, ...}) = 0',
  "ioctl(-1, KDGKBDIACR, {kb_cnt=255, kbdiacr=[{diacr='(', base=')', result='*'}]}) = -1 EBADF (Bad file descriptor)",
  'setsockopt(3<TCP:[121601]>, SOL_SOCKET, SO_REUSEPORT, [1], 4) = 0 <0.000008>',
  'mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f9a3c000000',
  'clone3({flags=CLONE_VM|CLONE_FS|CLONE_FILES, child_tid=0x7f9a, parent_tid=0x7f9a, exit_signal=0, stack=0x7f9a, stack_size=0x7fff00, tls=0x7f9a}, 88) = 4871',
  'wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], WNOHANG, NULL) = 4871',
  'rt_sigaction(SIGTERM, {sa_handler=0x55ea, sa_mask=[HUP INT], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x7f}, NULL, 8) = 0',
  'restart_syscall(<... resuming interrupted read ...>) = 1',
  'bpf(BPF_MAP_CREATE, {map_type=BPF_MAP_TYPE_ARRAY, key_size=4, value_size=8, btf_key_type_id=0, map_token_fd=0</dev/null>}, 96) = 4<anon_inode:bpf-map>',
  'getpid() = 4127',
  'read(14, "", 8192) = 0',
  'exit_group(0) = ?',
  '--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=4127, si_uid=0} ---',
  '[pid  4127] --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=1, si_uid=0} ---',
  '+++ exited with 0 +++',
  '4127 +++ killed by SIGKILL (core dumped) +++',
  'strace: Process 4127 attached',
  'strace: attach: ptrace(PTRACE_SEIZE, 4127): Operation not permitted',
  'strace: Process 4127 detached',
  ' > /usr/lib/x86_64-linux-gnu/libc.so.6(epoll_wait+0x1e) [0x11e9be]',
  ' > /usr/bin/python3.11(_PyEval_EvalFrameDefault+0x6d1) [0x4f9c11]',
  ' > unexpected_backtracing_error [0x8d171b37fe401300]',
  '     0.030 ( 0.004 ms): python3/4178 openat(dfd: CWD, filename: "/srv/x.log", flags: RDONLY|CLOEXEC) = 8',
  '  1300.100 ( 0.004 ms): python3/4178 sendto(fd: 9<socket:[100]>, buff: 0x7ffd, len: 20, flags: NOSIGNAL) = -1 EPIPE (Broken pipe)',
  '     0.075 ( 0.005 ms): Web Content/219299 futex(uaddr: 0x7fd0b152d420, op: WAKE|PRIVATE_FLAG, val: 1) = 0',
  '         ? (         ): gunicorn/12886  ... [continued]: epoll_wait()) = 0',
  'ts=3818329172488 dur=3845 pid=9325 tid=9325 nr=45 ret=51 a=d,49c2980,2000,0 sched=0,25258,0,0,0 data=GET /...',
  'event=start program=exact version=1 machine=x86-64 ts=3860805666054 clock=1795570720.805895',
  'event=tcp ts=2411908488725 old=3 new=1 port=21300 peer=[::ffff:127.0.0.1]:33310',
  'event=signal ts=1404330235524 pid=16202 tid=16202 to=16202 sig=13 code=0 result=1',
  '{"type": "printf", "data": "17 read(3, \\"<3 bytes>\\", 3) = 3", "nsecs": 9007199254740993}',
  '{"type": "lost_events", "data": {"events": 208}}',
  '@[accept4]: 23',
  '@ret[gunicorn, accept4, -11]: 17',
  'Attaching 2 probes...',
  'Lost 208 events',
  'WARNING: Total lost event count: 17',
  '% time     seconds  usecs/call     calls    errors syscall',
  ' 58.21    1.203417         143      8412       211 futex',
  'Traceback (most recent call last):',
  '  File "/srv/app/views.py", line 17, in index',
  'TimeoutError: timed out',
  'ConnectionResetError: [Errno 104] Connection reset by peer',
  '[2026-11-20 18:29:01 +0000] [4127] [INFO] Booting worker with pid: 4128',
  '[2026-11-20 18:29:01 +0000] [4127] [CRITICAL] WORKER TIMEOUT (pid:4128)',
  '[error] 17#17: *4711 upstream timed out (110: Connection timed out) while reading response header from upstream',
  'Killed',
  'Segmentation fault (core dumped)',
  '',
];

/** What glibc says of errors and signals. */
const GLIBC = (
  '.lib section in a.out corrupted|Aborted|Accessing a corrupted shared library|Address already in use|' +
  'Address family not supported by protocol|Advertise error|Alarm clock|Argument list too long|' +
  'Attempting to link in too many shared libraries|Bad address|Bad file descriptor|Bad font file format|Bad message|' +
  'Bad system call|Block device required|Broken pipe|Bus error|CPU time limit exceeded|Can not access a needed shared library|' +
  'Cannot allocate memory|Cannot assign requested address|Cannot exec a shared library directly|' +
  'Cannot send after transport endpoint shutdown|Channel number out of range|Child exited|Communication error on send|' +
  'Connection refused|Connection reset by peer|Connection timed out|Continued|Destination address required|Device not a stream|' +
  'Device or resource busy|Directory not empty|Disk quota exceeded|Exchange full|Exec format error|File descriptor in bad state|' +
  'File exists|File name too long|File size limit exceeded|File too large|Floating point exception|Function not implemented|' +
  'Hangup|Host is down|I/O possible|Identifier removed|Illegal instruction|Illegal seek|Inappropriate ioctl for device|' +
  'Input/output error|Interrupt|Interrupted system call|Interrupted system call should be restarted|Invalid argument|' +
  'Invalid cross-device link|Invalid exchange|Invalid or incomplete multibyte or wide character|Invalid request code|' +
  'Invalid request descriptor|Invalid slot|Is a directory|Is a named type file|Key has been revoked|Key has expired|' +
  'Key was rejected by service|Killed|Level 2 halted|Level 2 not synchronized|Level 3 halted|Level 3 reset|' +
  'Link has been severed|Link number out of range|Machine is not on the network|Memory page has hardware error|Message too long|' +
  'Multihop attempted|Name not unique on network|Network dropped connection on reset|Network is down|Network is unreachable|' +
  'No CSI structure available|No XENIX semaphores available|No anode|No buffer space available|No child processes|' +
  'No data available|No locks available|No medium found|No message of desired type|No route to host|No space left on device|' +
  'No such device|No such device or address|No such file or directory|No such process|Not a XENIX named type file|' +
  'Not a directory|Numerical argument out of domain|Numerical result out of range|Object is remote|' +
  'Operation already in progress|Operation canceled|Operation not permitted|Operation not possible due to RF-kill|' +
  'Operation not supported|Operation now in progress|Out of streams resources|Owner died|Package not installed|' +
  'Permission denied|Power failure|Profiling timer expired|Protocol driver not attached|Protocol error|' +
  'Protocol family not supported|Protocol not available|Protocol not supported|Protocol wrong type for socket|Quit|' +
  'RFS specific error|Read-only file system|Remote I/O error|Remote address changed|Required key not available|' +
  'Resource deadlock avoided|Resource temporarily unavailable|Segmentation fault|Socket operation on non-socket|' +
  'Socket type not supported|Software caused connection abort|Srmount error|Stack fault|Stale file handle|State not recoverable|' +
  'Stopped|Stopped (signal)|Stopped (tty input)|Stopped (tty output)|Streams pipe error|Structure needs cleaning|Terminated|' +
  'Text file busy|Timer expired|Too many levels of symbolic links|Too many links|Too many open files|' +
  'Too many open files in system|Too many references: cannot splice|Too many users|Trace/breakpoint trap|' +
  'Transport endpoint is already connected|Transport endpoint is not connected|Urgent I/O condition|User defined signal 1|' +
  'User defined signal 2|Value too large for defined data type|Virtual timer expired|Window changed|Wrong medium type'
).split('|');

/** Sentences of findings and steps. */
const SENTENCES: readonly string[] = [
  'Worker 7 stalled 1.20 s: flock on /srv/app/sessions.db (6 times)',
  'Loop of worker 4127 blocked in fsync for 2.41 s',
  '127.0.0.1:21310: shares 2379 1880 1180 1087 of 6,526 connections, Gini 0.175',
  'Worker 7 stalled 1.20 s: connect on unix:/run/x.sock',
  'The worst, GET /api/v1/orders/17, was 1.05 s old.',
  '12,007 connections on the listener :8000; reported from 1.50',
  "It waits in futex with the key 0x7f; is this the loop's own?",
  'py-spy dump --pid 4870',
  "grep -c ' 499 ' /var/log/nginx/access.log",
  'strace -f -ttt -T -y -s 128 -o FILE -p PID',
  'See https://docs.gunicorn.org/en/stable/settings.html.',
  'a poll on fd 11, asked: SELECT ...',
];

describe('what holds no secret stays as it is', () => {
  it('a hundred shapes of lines are tried', () => assert.ok(LINES.length >= 100, String(LINES.length)));
  for (const line of LINES) it(line, () => assert.equal(redactLine(line), line));
  for (const text of SENTENCES) it(text, () => assert.equal(maskSecrets(text), text));

  it('every error that the system has a sentence for', () => {
    for (const words of GLIBC) {
      const line = `read(3, 0x7f, 8) = -1 EIO (${words})`;
      assert.equal(redactLine(line), line);
    }
    for (const [, [name, words]] of getSystemErrorMap()) {
      const line = `read(3, 0x7f, 8) = -1 ${name} (${words})`;
      if (errorNumber(name) > 0) assert.equal(redactLine(line), line);
    }
  });
});

import type { Report } from '../../../src/analysis/report.ts';
import { analyzeInputs } from '../../../src/pipeline/analyze-inputs.ts';
import { memoryInput } from '../../support/memory-input.ts';
import type { Form } from './forms.ts';

const START = 1_795_189_522;

/** The report on a capture in which the secret reaches evidence, titles or samples. */
export async function reportWith(form: Form, secret: string): Promise<Report> {
  const text = captureWith(form, form.with(secret));
  return analyzeInputs(
    { kind: 'file', paths: ['trace'], inputs: [memoryInput('trace', text)], leftOut: [], notices: [] },
    {},
  );
}

function captureWith({ carrier }: Form, text: string): string {
  if (carrier === 'perf') return perf(text);
  if (carrier === 'printed') return printed(text);
  const request = carrier === 'request' ? text : 'GET /b HTTP/1.1\\r\\n\\r\\n';
  // A program that starts would end the loop, and with it the turn whose line is the proof.
  const failing = text.replace(/^(execve(?:at)?\(.*\)) = 0$/, '$1 = -1 EACCES (Permission denied)');
  const call =
    carrier === 'call'
      ? failing
      : 'poll([{fd=11<socket:[555]>, events=POLLIN}], 1, -1) = 1 ([{fd=11, revents=POLLIN}])';
  const lines = [
    at(0, 'execve("/usr/bin/gunicorn", ["gunicorn", "-k", "gevent", "app:app"], 0x7f /* 9 vars */) = 0', 0.0003),
    at(0.001, 'listen(3<socket:[99]>, 128) = 0', 0.000005),
  ];
  for (let turn = 0; turn < 3; turn++) {
    const base = 0.002 + turn * 1.3;
    const fd = 9 + (turn % 2);
    lines.push(
      at(base, 'epoll_wait(5<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3, u64=3}}], 512, -1) = 1', 0.0001),
      at(
        base + 0.0002,
        `accept4(3<socket:[99]>, {sa_family=AF_INET, sin_port=htons(${5000 + turn}), sin_addr=inet_addr("10.0.0.7")}, [16], SOCK_CLOEXEC) = ${fd}<socket:[${100 + turn}]>`,
        0.00001,
      ),
      at(
        base + 0.0004,
        `epoll_ctl(5<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, ${fd}<socket:[${100 + turn}]>, {events=EPOLLIN, data={u32=${fd}, u64=${fd}}}) = 0`,
        0.00001,
      ),
      at(
        base + 0.0006,
        `epoll_wait(5<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=${fd}, u64=${fd}}}], 512, -1) = 1`,
        0.0001,
      ),
      at(base + 0.0008, `recvfrom(${fd}<socket:[${100 + turn}]>, "${request}", 8192, 0, NULL, NULL) = 120`, 0.00001),
    );
    // Once the question itself takes long, so that its line is a proof; then it is the answer that does, and the
    // sentence says what was asked.
    const asks = `sendto(11<socket:[555]>, "${text}", 60, 0, NULL, 0) = 60`;
    if (carrier === 'query' && turn > 0) lines.push(at(base + 0.0009, asks, 0.00001));
    if (carrier === 'foreign') lines.push(text);
    lines.push(
      at(base + 0.001, carrier === 'query' && turn === 0 ? asks : call, 1.2),
      at(
        base + 1.2011,
        `sendto(${fd}<socket:[${100 + turn}]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = -1 EPIPE (Broken pipe)`,
        0.00001,
      ),
      `7 ${(START + base + 1.2013).toFixed(6)} --- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=7, si_uid=0} ---`,
      at(base + 1.2015, `close(${fd}<socket:[${100 + turn}]>) = 0`, 0.00001),
    );
  }
  return `${lines.join('\n')}\n`;
}

function at(seconds: number, call: string, took: number): string {
  return `7 ${(START + seconds).toFixed(6)} ${call} <${took.toFixed(6)}>`;
}

/** A worker whose second call takes 1.3 s; so does what is asked for. */
function perf(call: string): string {
  const lines = [
    `${line(0, 0.001)}listen(fd: 3, backlog: 128) = 0`,
    `${line(0.1, 0.001)}epoll_ctl(epfd: 5, op: ADD, fd: 3, event: 0x7ffd) = 0`,
  ];
  for (let turn = 0; turn < 3; turn++) {
    const base = 1 + turn * 3000;
    lines.push(
      `${line(base, 0.004)}epoll_wait(epfd: 5, events: 0x7ffd, maxevents: 64, timeout: -1) = 1`,
      `${line(base + 0.01, 0.004)}accept4(fd: 3, upeer_sockaddr: 0x7ffd, upeer_addrlen: 0x7ffc, flags: CLOEXEC|NONBLOCK) = 9`,
      `${line(base + 0.012, 0.001)}epoll_ctl(epfd: 5, op: ADD, fd: 9, event: 0x7ffd) = 0`,
      `${line(base + 0.014, 0.001)}epoll_wait(epfd: 5, events: 0x7ffd, maxevents: 64, timeout: -1) = 1`,
      `${line(base + 0.02, 1300)}${call}`,
      `${line(base + 1301, 0.004)}sendto(fd: 9<socket:[100]>, buff: 0x7ffd, len: 20, flags: NOSIGNAL) = -1 EPIPE (Broken pipe)`,
      `${line(base + 1302, 0.004)}close(fd: 9) = 0`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function line(ms: number, took: number): string {
  return `${ms.toFixed(3).padStart(10)} (${took.toFixed(3).padStart(6)} ms): python3/4178 `;
}

/** A worker of which a bpftrace program prints a read that takes 1.2 s. */
function printed(rest: string): string {
  const lines = [
    'Attaching 2 probes...',
    'event=start program=calls version=1 machine=x86-64 ts=1000000 clock=1795568264.330464',
  ];
  for (let turn = 0; turn < 3; turn++) {
    const base = 2_000_000_000 * (turn + 1);
    lines.push(
      `ts=${base} dur=1500 pid=7 tid=7 comm=gunicorn call=epoll_wait fd=5 ret=1 args=5, [{events=EPOLLIN, data={u32=3, u64=3}}], 512, -1`,
      `ts=${base + 10_000} dur=1500 pid=7 tid=7 comm=gunicorn call=accept4 fd=3 ret=9 peer=10.0.0.7:5000`,
      `ts=${base + 12_000} dur=500 pid=7 tid=7 comm=gunicorn call=epoll_ctl fd=5 ret=0 args=5, EPOLL_CTL_ADD, 9, {events=EPOLLIN, data={u32=9, u64=9}}`,
      `ts=${base + 14_000} dur=500 pid=7 tid=7 comm=gunicorn call=epoll_wait fd=5 ret=1 args=5, [{events=EPOLLIN, data={u32=9, u64=9}}], 512, -1`,
      `ts=${base + 20_000} dur=1200000000 pid=7 tid=7 comm=gunicorn call=write fd=12 ret=60 ${rest}`,
      `ts=${base + 1_200_100_000} dur=1500 pid=7 tid=7 comm=gunicorn call=sendto fd=9 ret=-32`,
    );
  }
  return `${lines.join('\n')}\n`;
}

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { oneWorker, startThread } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const KIND = 'stuck-call';
const BEGIN = 1795140800;
const SECONDS = 7;

interface Look {
  readonly pid: number;
  /** Behind `call=`, such as `held=stopped`. */
  readonly held?: string;
  readonly clients?: number;
  /** Seconds from the first look at which it was so. */
  readonly lasted?: number;
}

/** A capture of bpftrace of workers that wait in epoll all the time, below a master that times out once a second. */
function idle(before: readonly string[], ...looks: readonly Look[]): string {
  const end = (SECONDS + 1) * 1e9;
  const lines = looks.flatMap(({ pid }) => [
    `event=fd pid=${pid} fd=7 is=anon_inode:[eventpoll]`,
    `event=in ts=900000000 pid=${pid} tid=${pid} nr=232 a=7,7f01,40,3e8,0,0 data=`,
  ]);
  lines.push(`event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=${BEGIN}.000000`, ...before);
  for (let second = 1; second <= SECONDS; second++)
    lines.push(`ts=${second * 1e9} dur=999000000 pid=101 tid=101 nr=270 ret=0 a=4,0,0,0 data=`);
  lines.push(`event=end ts=${end}`);
  lines.push(`event=seen ts=${end} for=0 pid=101 tid=101 parent=1 call=pselect6 ran=0 clients=0 comm=gunicorn`);
  for (const { pid, held = '', clients = 0, lasted = SECONDS } of looks)
    lines.push(
      `event=seen ts=${end} for=${lasted * 1e9} pid=${pid} tid=${pid} parent=101 call=epoll_wait ` +
        `${held === '' ? '' : `${held} `}ran=0 clients=${clients} comm=gunicorn`,
    );
  return `${lines.join('\n')}\n`;
}

/** A worker of strace that answers until it is stopped, beside another one that goes on. */
function strace(...lines: readonly (readonly [pid: number, second: number, text: string])[]): string {
  const beats = Array.from({ length: 20 }, (_, index) => index / 2).flatMap((at) => [
    [103, at + 0.5, 'epoll_wait(7<anon_inode:[eventpoll]>, [], 64, 1000) = 0 <0.499000>'] as const,
    [103, at + 0.5001, 'getppid() = 101 <0.000010>'] as const,
  ]);
  return `${[...lines, ...beats]
    .sort(([, a], [, b]) => a - b)
    .map(([pid, at, text]) => `${pid} ${(BEGIN + at).toFixed(6)} ${text}`)
    .join('\n')}\n`;
}

describe('a process that somebody keeps from running', () => {
  it('is reported with what lets it go on, though the kernel shows it in the wait of its loop', async () => {
    const report = await analyzed(idle([], { pid: 103, held: 'held=stopped' }, { pid: 107, lasted: 0 }));
    const { title, severity, summary, next, metrics, workers } = only(report, KIND);
    assert.equal(title, 'Process 103 has been stopped (state T) for at least 7.00 s');
    assert.equal(severity, 'warning');
    assert.match(summary, /a signal had stopped it before the capture began/);
    assert.equal(next[0]?.command, 'kill -CONT 103');
    assert.deepEqual(workers, [103]);
    const [thread] = metrics.threads as readonly Record<string, unknown>[];
    assert.deepEqual([metrics.count, thread?.held, thread?.heldBy, thread?.forMs], [1, 'stopped', null, 7000]);
  });

  it('is critical while clients are connected to it, or where nobody else serves', async () => {
    const withClients = await analyzed(
      idle([], { pid: 103, held: 'held=stopped', clients: 3 }, { pid: 107, lasted: 0 }),
    );
    assert.equal(only(withClients, KIND).severity, 'critical');
    assert.match(only(withClients, KIND).summary, /3 clients are connected to it/);
    const both = await analyzed(idle([], { pid: 103, held: 'held=stopped' }, { pid: 107, held: 'held=stopped' }));
    assert.equal(only(both, KIND).severity, 'critical');
    assert.equal(only(both, KIND).title, '2 of 3 processes have been stopped (state T) for at least 7.00 s');
  });

  it('is told from one that the freezer of its cgroup or a debugger holds, for which no signal helps', async () => {
    const frozen = only(await analyzed(idle([], { pid: 103, held: 'held=frozen' })), KIND);
    assert.equal(frozen.title, 'Process 103 has been frozen by its cgroup for at least 7.00 s');
    const both = only(
      await analyzed(idle([], { pid: 103, held: 'held=frozen' }, { pid: 107, held: 'held=frozen' })),
      KIND,
    );
    assert.match(both.title, /have been frozen by their cgroup for at least 7\.00 s$/);
    assert.match(both.summary, /the freezer of their cgroup holds them,/);
    assert.match(frozen.next[0]?.text ?? '', /docker unpause/);
    const traced = only(await analyzed(idle([], { pid: 103, held: 'held=traced holder=4711' })), KIND);
    assert.equal(traced.title, 'Process 103 has been held by the debugger 4711 for at least 7.00 s');
    assert.match(traced.next[0]?.command ?? '', /-p 4711$/);
    for (const { next } of [frozen, traced])
      assert.ok(next.every(({ command }) => command?.startsWith('kill') !== true));
  });

  it('names who sent the signal where that came in the capture', async () => {
    const signal = 'event=signal ts=3100000000 pid=4711 tid=4711 to=103 sig=19 code=0 result=0';
    const deliver = 'event=deliver ts=3100000000 pid=103 tid=103 sig=19 code=0 handler=0';
    const look = { pid: 103, held: 'held=stopped', lasted: 4 };
    const { title, summary, next } = only(await analyzed(idle([signal, deliver], look)), KIND);
    assert.equal(title, 'Process 103 has been stopped by SIGSTOP for 4.90 s');
    assert.match(summary, /SIGSTOP, sent by pid 4711, had stopped it\./);
    assert.equal(next[1]?.text, 'Find out why pid 4711 stopped it.');
  });

  it('is not reported when it runs, or has been stopped for less than the threshold', async () => {
    for (const look of [{ pid: 103 }, { pid: 103, held: 'held=stopped', lasted: 0.9 }])
      assert.deepEqual(ofKind(await analyzed(idle([], look)), KIND), []);
    const just = idle([], { pid: 103, held: 'held=stopped', lasted: 1 });
    assert.equal(ofKind(await analyzed(just), KIND).length, 1);
  });

  it('is shown by strace without anybody who looks, and is over once it goes on', async () => {
    const stopped = [102, 1.1, '--- stopped by SIGSTOP ---'] as const;
    const { title } = only(await analyzed(strace(stopped)), KIND);
    assert.equal(title, 'Process 102 has been stopped by SIGSTOP for at least 9.40 s');
    const goesOn = [102, 4.1, '--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=9, si_uid=0} ---'] as const;
    const over = only(await analyzed(strace(stopped, goesOn)), KIND);
    assert.equal(over.title, 'Process 102 was stopped by SIGSTOP for 3.00 s');
    const works = [102, 4.1, 'getppid() = 101 <0.000010>'] as const;
    assert.deepEqual(ofKind(await analyzed(strace(stopped, works)), KIND), []);
  });
});

describe('a process that was stopped and went on', () => {
  /** A name server: it has no listener, and nobody can say what a turn of its loop is. */
  function stopped(seconds: number, signal = 'SIGSTOP'): string {
    const at = (time: number): string => `101 ${(1795140800 + time).toFixed(6)}`;
    const answer = (time: number): string =>
      `${at(time)} recvmsg(5<UDP:[127.0.0.1:53]>, {msg_name={sa_family=AF_INET, sin_port=htons(4009), ` +
      'sin_addr=inet_addr("10.0.0.9")}, msg_iov=[{iov_base="abc", iov_len=99}], msg_iovlen=1}, 0) = 3 <0.000010>\n' +
      `${at(time + 0.001)} sendto(5<UDP:[127.0.0.1:53]>, "abcd", 4, 0, {sa_family=AF_INET, sin_port=htons(4009), ` +
      'sin_addr=inet_addr("10.0.0.9")}, 16) = 4 <0.000010>\n';
    return `${answer(1)}${at(2)} --- ${signal} {si_signo=${signal}, si_code=SI_USER, si_pid=77, si_uid=0} ---
${at(2.0001)} --- stopped by ${signal} ---
${at(2 + seconds)} --- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=77, si_uid=0} ---
${answer(2.001 + seconds)}${answer(3 + seconds)}`;
  }

  for (const [signal, right] of [
    ['SIGSTOP', 'critical'],
    ['SIGTSTP', 'warning'],
  ] as const)
    it(`is told with who stopped it: ${signal}`, async () => {
      const { severity, title, summary, metrics, next, evidence } = only(await analyzed(stopped(7, signal)), KIND);
      assert.deepEqual([severity, title], [right, `Process 101 was stopped by ${signal} for 7.00 s`]);
      assert.match(summary, new RegExp(`: ${signal}, sent by pid 77, had stopped it\\. It has gone on since\\.$`));
      const [thread] = metrics.threads as { held: string; heldBy: number; forMs: number }[];
      assert.deepEqual(
        [thread?.held, thread?.heldBy, Math.round(thread?.forMs ?? 0), metrics.isOver],
        ['stopped', 77, 7000, true],
      );
      assert.match(next[0]?.command ?? '', /^ps -o .* -p 77$/);
      assert.match(evidence[0]?.text ?? '', new RegExp(`--- ${signal} |stopped by`));
    });

  it('has no number where the capture tells none', async () => {
    const { title, summary } = only(await analyzed(stopped(7).replaceAll(/^101 /gm, '')), KIND);
    assert.equal(title, 'The process was stopped by SIGSTOP for 7.00 s');
    assert.match(summary, /^The process did not run for 7\.00 s: /);
  });

  it('is no news below stuck-ms, nor where a loop was stopped: that is a stall', async () => {
    none(await analyzed(stopped(0.9)), KIND);
    const loop = (hasHelper: boolean): TraceLines => {
      const { trace, worker } = oneWorker();
      if (hasHelper) {
        startThread(worker, 103);
        trace.thread(103).at(20).call('getppid(', ')', 1);
      }
      worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a');
      worker.line('--- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=77, si_uid=0} ---');
      worker.line('--- stopped by SIGSTOP ---').gap(3_000);
      worker.line('--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=77, si_uid=0} ---');
      worker
        .reply(11)
        .close(11)
        .waitUntil(worker.now + 500);
      return trace;
    };
    for (const hasHelper of [false, true]) {
      const report = await analyzed(loop(hasHelper));
      assert.match(only(report, 'loop-stall').title, /stopped by SIGSTOP$/);
      none(report, KIND);
    }
    // A name server beside it, stopped together with the loop and a minute later.
    const both = (later: number): string =>
      loop(false).text() + stopped(2).replaceAll(/^101 (\d+)/gm, (_, second) => `901 ${Number(second) + later}`);
    none(await analyzed(both(-2)), KIND);
    assert.equal(only(await analyzed(both(60)), KIND).title, 'Process 901 was stopped by SIGSTOP for 2.00 s');
  });
});

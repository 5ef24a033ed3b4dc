import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import { analyzed, ofKind, only } from '../support/analyzed.ts';
import { accept, EXACT_START, wait } from '../support/scheduled-lines.ts';
import { attached, oneWorker, prefork } from '../support/server-lines.ts';
import { failed, LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';
import { oneTurn, turn } from '../support/turns.ts';

const KIND = 'loop-stall';

async function stall(trace: TraceLines): Promise<Finding> {
  return only(await analyzed(trace), KIND);
}

/** Calls that wait for nothing, as they are printed at their entry and at their exit, and their results. */
const CALLS = `
getpid(                                       | )                          | 101
getsockname(11<socket:[5001]>,                | {sa_family=AF_INET}, [16]) | 0
getsockopt(11<socket:[5001]>, SOL_SOCKET, SO_ERROR, | [0], [4])             | 0
fcntl(11<socket:[5001]>, F_GETFL              | )                          | 0x802
epoll_ctl(7<anon_inode:[eventpoll]>, EPOLL_CTL_MOD, 11<socket:[5001]>, {events=EPOLLIN, data={u32=11, u64=11}} | ) | 0
futex(0x5600, FUTEX_WAKE_PRIVATE, 1           | )                          | 1
sched_yield(                                  | )                          | 0
lseek(21</srv/data.json>, 0, SEEK_CUR         | )                          | 0
recvfrom(12<socket:[6001]>, 0x7f00, 8192, MSG_DONTWAIT, NULL, NULL | )     | -1 EAGAIN (Resource temporarily unavailable)
poll([{fd=12<socket:[6001]>, events=POLLIN}], 1, 0 | )                     | 0 (Timeout)
write(16<anon_inode:[eventfd]>, "\\1\\0\\0\\0\\0\\0\\0\\0", 8 | )                   | 8
`
  .trim()
  .split('\n')
  .map((row) => row.split('|').map((cell) => cell.trim()) as [string, string, string])
  .map(([entered, left, result]) => ({
    entered: entered.replace(/,$/, ', '),
    left,
    result,
    call: entered.slice(0, entered.indexOf('(')),
  }));

describe('a call that waits for nothing', () => {
  for (const { entered, left, result, call } of CALLS) {
    it(`is never what a loop was blocked in: ${call}`, async () => {
      const trace = oneTurn(200, (worker) => worker.call(entered, left, result, 170));
      const { metrics, title, summary, confidence, next, evidence } = await stall(trace);
      assert.deepEqual([metrics.cause, metrics.call, metrics.callMs], ['not-running', call, 170]);
      assert.equal(title, 'Worker 101 stalled 200 ms: did not run');
      assert.match(
        summary,
        new RegExp(
          `the worker did not run: ${call}, which never blocks, took 170 ms\\. Possible reasons: a CPU quota, `,
        ),
      );
      assert.equal(confidence, 'likely');
      assert.match(next[0]?.command ?? '', /proc\/101\/cgroup.*cpu\.max cpu\.stat/);
      assert.match(evidence[0]?.text ?? '', new RegExp(`${call}\\(`));
    });
  }

  it('may be a sleep that should have ended long before; one that was to last so long is a sleep', async () => {
    const sleeping = (ns: number) =>
      oneTurn(200, (worker) => worker.call(`nanosleep({tv_sec=0, tv_nsec=${ns}}, `, 'NULL)', 0, 170));
    const late = await stall(sleeping(20_000));
    assert.deepEqual([late.metrics.cause, late.metrics.call], ['not-running', 'nanosleep']);
    assert.match(late.summary, /the worker did not run: nanosleep, which should have ended long before, took 170 ms\./);
    assert.equal((await stall(sleeping(79_999_999))).metrics.cause, 'not-running');
    assert.equal((await stall(sleeping(80_000_000))).metrics.cause, 'sleep');
    assert.equal((await stall(sleeping(160_000_000))).metrics.cause, 'sleep');
  });

  it('may be an accept, of a client that nobody else can take away', async () => {
    const sole = oneTurn(200, (worker) => worker.accept(12, { ms: 170 }));
    const { metrics, summary } = await stall(sole);
    assert.deepEqual([metrics.cause, metrics.call], ['not-running', 'accept4']);
    assert.match(summary, /: accept4, whose client was there already, took 170 ms/);
  });

  it('is no accept of a listener that was there before: somebody untraced may have taken the client', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(20, LISTENER).accept(11).read(11, 'GET /a').reply(11).close(11);
    worker.waitUntil(50, LISTENER).accept(12, { ms: 170 }).read(12, 'GET /a').reply(12).close(12).waitUntil(900);
    const { metrics } = await stall(trace);
    assert.deepEqual([metrics.cause, metrics.call], ['blocking-call', 'accept4']);
  });

  it('is no accept where another worker may have taken the client', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    second.waitUntil(20, LISTENER).accept(11).read(11, 'GET /a').reply(11).close(11);
    first.waitUntil(50, LISTENER).accept(11, { ms: 170 }).read(11, 'GET /a').reply(11).close(11);
    for (const worker of [second, first]) worker.waitUntil(900);
    const { metrics } = await stall(trace);
    assert.deepEqual([metrics.cause, metrics.call], ['blocking-call', 'accept4']);
  });

  it('shows it from three tenths of a stall on, the rest of which passed without a call', async () => {
    const causeOf = async (ms: number) =>
      (await stall(oneTurn(200, (worker) => worker.call('getpid(', ')', 101, ms)))).metrics.cause;
    assert.equal(await causeOf(60), 'not-running');
    assert.equal(await causeOf(59.9), 'no-syscall');
  });

  it('leaves the blame with a call that can wait and took most of the time', async () => {
    const trace = oneTurn(200, (worker) =>
      worker
        .call('getpid(', ')', 101, 60)
        .call('clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=120000000}, ', 'NULL)', 0, 121),
    );
    assert.equal((await stall(trace)).metrics.cause, 'sleep');
  });

  it('is a read of a socket that was made not to wait, and no read of one that was not', async () => {
    const causeOf = async (flag: string) =>
      (
        await stall(
          oneTurn(200, (worker) =>
            worker
              .call('ioctl(12<socket:[6001]>, FIONBIO, ', `[${flag}])`, 0)
              .call('recvfrom(12<socket:[6001]>, ', '"x", 8192, 0, NULL, NULL)', 1, 170),
          ),
        )
      ).metrics.cause;
    assert.equal(await causeOf('1'), 'not-running');
    assert.equal(await causeOf('0'), 'blocking-call');
  });
});

describe('a stretch that may have been something else', () => {
  it('is one in which the worker did not run when another one certainly did not run then', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    turn(first, 1000, 200);
    turn(second, 1010, 200, (worker) => worker.call('getpid(', ')', 102, 180));
    for (const worker of workers) worker.waitUntil(3000);
    const causes = ofKind(await analyzed(trace), KIND).map(({ metrics }) => metrics.cause);
    assert.deepEqual(causes, ['not-running', 'not-running']);
  });

  it('stays one without a system call when the other was away at another time', async () => {
    const { trace, workers } = prefork([101, 102]);
    const [first, second] = workers as [ThreadLines, ThreadLines];
    turn(first, 1000, 200);
    turn(second, 1500, 200, (worker) => worker.call('getpid(', ')', 102, 180));
    for (const worker of workers) worker.waitUntil(3000);
    const causes = ofKind(await analyzed(trace), KIND).map(({ metrics }) => metrics.cause);
    assert.deepEqual(causes.toSorted(), ['no-syscall', 'not-running']);
  });

  it('is told of all workers at once', async () => {
    const { trace, workers } = prefork([101, 102]);
    for (const worker of workers) {
      turn(worker, 1000, 200, (own) => own.call('getpid(', ')', own.tid, 180));
      worker.waitUntil(3000);
    }
    const { summary, metrics } = only(await analyzed(trace), 'service-stall');
    assert.match(summary, /spent not running\. Possible reasons: a CPU quota/);
    const [worst] = metrics.stalls as unknown as { readonly blockedIn: readonly { readonly cause: string }[] }[];
    assert.deepEqual(
      worst?.blockedIn.map(({ cause }) => cause),
      ['not-running', 'not-running'],
    );
  });

  it('in a small write to a log is possible only, and not running when the worker was paused elsewhere', async () => {
    const log = (worker: ThreadLines) => worker.call('write(23</var/log/app.log>, "hello", 5', ')', 5, 180);
    const alone = await stall(oneTurn(200, log));
    assert.deepEqual([alone.metrics.cause, alone.confidence], ['log', 'possible']);
    assert.match(
      alone.summary,
      /A call this short rarely waits for a disk: unless the file is a pipe or far away, the worker may not have/,
    );
    const paused = (ms: number) =>
      oneTurn(
        270,
        (worker) => {
          log(worker);
          worker.call('getpid(', ')', 101, ms);
        },
        'GET /a',
      );
    const both = await stall(paused(50));
    assert.deepEqual([both.metrics.cause, both.metrics.target, both.confidence], ['not-running', '', 'possible']);
    assert.match(both.summary, /: write on \/var\/log\/app\.log, which rarely waits, took 180 ms\. Possible reasons: /);
    assert.equal((await stall(paused(49))).metrics.cause, 'log');
  });

  it('in a large write to a file stays a wait for the disk', async () => {
    const trace = oneTurn(200, (worker) => worker.call('write(23</srv/big>, "x"..., 65536', ')', 65_536, 180));
    const { metrics, confidence } = await stall(trace);
    assert.deepEqual([metrics.cause, confidence], ['blocking-call', 'likely']);
  });
});

describe('a call of memory', () => {
  const inMunmap = (ms: number): TraceLines =>
    oneTurn(200, (worker) => worker.call('munmap(0x7fa52e019000, 4096', ')', 0, ms));

  it('that took most of a stall is what the loop was in, and no code of its own', async () => {
    const { metrics, title, summary, confidence } = await stall(inMunmap(170));
    assert.deepEqual([metrics.cause, metrics.call, confidence], ['not-running', 'munmap', 'possible']);
    assert.match(title, /did not run$/);
    assert.match(summary, /did not run: munmap, which never blocks, took 170 ms\. Possible reasons: .*page faults/);
  });

  it('that took less of it says nothing: the worker was computing', async () => {
    assert.equal((await stall(inMunmap(80))).metrics.cause, 'no-syscall');
  });
});

/** Pauses that end at these times, each `length` milliseconds long: in no call, in `getpid`, in a small write. */
function pauses(ends: readonly number[], length: (index: number) => number): TraceLines {
  const { trace, worker } = oneWorker();
  for (const [index, end] of ends.entries()) {
    const ms = length(index);
    turn(worker, end - ms - 1, ms + 1.2, (own) => {
      own.at(end - ms);
      if (index % 3 === 0) own.call('getpid(', ')', 101, ms);
      else if (index % 3 === 1) own.call('write(1</srv/server.log>, "x", 1', ')', 1, ms);
      else own.gap(ms).call('getppid(', ')', 100);
    });
  }
  worker.waitUntil((ends.at(-1) ?? 0) + 3000);
  return trace;
}

describe('the beat of a CPU quota', () => {
  const SECONDS = [1123, 2127, 3119, 4124, 6125];
  const ragged = (index: number) => [811, 907, 655, 720, 533][index] ?? 0;

  it('is found where pauses end on multiples of a period, whatever they fall on', async () => {
    const { metrics, title, summary, workers } = await stall(pauses(SECONDS, ragged));
    assert.deepEqual(
      [metrics.cause, metrics.count, metrics.quotaPeriodMs, metrics.target, workers],
      ['not-running', 5, 1000, '', [101]],
    );
    assert.equal(title, 'Worker 101 stalled up to 908 ms (5x): throttled every 1.00 s');
    assert.match(summary, /A pause ended every 1\.00 s \(5 pauses\), as with a CPU quota\./);
  });

  it("is found at the kernel's own 100 ms, also in a turn that holds several of them", async () => {
    const { trace, worker } = oneWorker();
    // Twenty milliseconds of work in each period, and eighty of waiting for the next.
    turn(worker, 1000, 905, (own) => {
      for (let period = 0; period < 9; period++) {
        own.at(1020 + period * 100 + (period % 4));
        const rest = 1100 + period * 100 - own.now;
        if (period % 2 === 0) own.call('getppid(', ')', 100, rest);
        else own.gap(rest).call('getppid(', ')', 100);
      }
    });
    worker.waitUntil(4000);
    const { metrics, title } = await stall(trace);
    assert.deepEqual([metrics.cause, metrics.quotaPeriodMs], ['not-running', 100]);
    assert.match(title, /: throttled every 100 ms$/);
  });

  it('explains a crowd of requests that came meanwhile, and ends late where others ran first', async () => {
    const crowd = (isThrottled: boolean): TraceLines => {
      const { trace, worker } = oneWorker();
      for (const end of [1100, 1203, 1309, 1401, 1511])
        turn(worker, end - 70, 70.3, (own) => own.call('getpid(', ')', 101, 70));
      turn(worker, 2030, 172, (own) => {
        for (let count = 0; count < 7; count++) own.serve(11, `GET /${count}`);
        if (isThrottled) own.call('getpid(', ')', 101, 2101 - own.now);
        for (let count = 0; count < 7; count++) own.serve(11, `GET /${count}`, { work: isThrottled ? 0 : 20 });
        if (isThrottled) own.call('getpid(', ')', 101, 2201 - own.now);
      });
      worker.waitUntil(5000);
      return trace;
    };
    const causes = async (isThrottled: boolean) => ofKind(await analyzed(crowd(isThrottled)), KIND);
    assert.deepEqual(
      (await causes(true)).map(({ metrics }) => [metrics.cause, metrics.quotaPeriodMs]),
      [['not-running', 100]],
    );
    assert.ok((await causes(false)).some(({ metrics }) => metrics.cause === 'many-requests'));
  });

  it('explains the crowd that it finds when it runs again, and not one that it had waited for', async () => {
    const causes = async (waits: number) => {
      const { trace, worker } = oneWorker();
      turn(worker, 1000, 130, (own) => own.call('getpid(', ')', 101, 120));
      turn(worker, 1130.1 + waits, 170, (own) => {
        for (let count = 0; count < 7; count++) own.serve(11, `GET /${count}`, { work: 23 });
      });
      worker.waitUntil(5000);
      return ofKind(await analyzed(trace), KIND).map(({ metrics }) => [metrics.cause, metrics.count]);
    };
    assert.deepEqual(await causes(0), [['not-running', 2]]);
    assert.deepEqual(await causes(3), [
      ['many-requests', 1],
      ['not-running', 1],
    ]);
  });

  it('explains a crowd in which it is seen itself, from three tenths on', async () => {
    const causeOf = async (ms: number) => {
      const { trace, worker } = oneWorker();
      turn(worker, 1000, 200, (own) => {
        for (let count = 0; count < 5; count++) own.serve(11, `GET /${count}`, { work: 20 });
        own.call('getpid(', ')', 101, ms);
      });
      worker.waitUntil(5000);
      return (await stall(trace)).metrics.cause;
    };
    assert.equal(await causeOf(61), 'not-running');
    assert.notEqual(await causeOf(55), 'not-running');
  });

  it('needs four of them', async () => {
    const { findings } = await analyzed(pauses(SECONDS.slice(0, 3), ragged));
    for (const { metrics } of findings) assert.equal(metrics.quotaPeriodMs ?? null, null);
  });

  it('is not what a timer makes that computes: its work falls on no call that waits for nothing', async () => {
    const { trace, worker } = oneWorker();
    for (const end of SECONDS) turn(worker, end - 300, 300.2);
    worker.waitUntil(9000);
    const { metrics } = await stall(trace);
    assert.deepEqual([metrics.cause, metrics.count, metrics.quotaPeriodMs], ['no-syscall', 5, null]);
  });

  it('is not found where pauses end at any time', async () => {
    const { findings } = await analyzed(pauses([1123, 2431, 3877, 5216, 6702], ragged));
    const stalls = findings.filter(({ kind }) => kind === KIND);
    assert.ok(stalls.length > 0);
    for (const { metrics } of stalls) assert.equal(metrics.quotaPeriodMs, null);
  });
});

/** A worker that is stopped in its wait at 1 s, and goes on `ms` later; 0 for never. */
function stopped(ms: number, signal = 'SIGSTOP', sender = 'si_code=SI_USER, si_pid=4711, si_uid=0'): TraceLines {
  const { trace, worker } = oneWorker();
  worker.waitUntil(50, LISTENER).serve(11, 'GET /a');
  worker.call('epoll_wait(7<anon_inode:[eventpoll]>, ', '0x7f, 64, -1)', failed('EINTR'), 949);
  worker.line(`--- ${signal} {si_signo=${signal}, ${sender}} ---`).line(`--- stopped by ${signal} ---`);
  if (ms === 0) return trace;
  worker.gap(ms).line('--- SIGCONT {si_signo=SIGCONT, si_code=SI_USER, si_pid=4713, si_uid=0} ---');
  worker.call('getpid(', ')', 101).waitUntil(ms + 3000);
  return trace;
}

describe('a worker that was stopped', () => {
  for (const signal of ['SIGSTOP', 'SIGTSTP', 'SIGTTIN'])
    it(`by ${signal} is told as such, with the sender`, async () => {
      const { metrics, severity, title, summary, evidence, next } = await stall(stopped(3000, signal));
      assert.deepEqual([metrics.cause, metrics.stopSignal, metrics.stopSender], ['stopped', signal, 4711]);
      assert.deepEqual([severity, metrics.callMs], ['critical', 3000]);
      assert.equal(title, `Worker 101 stalled 3.00 s: stopped by ${signal}`);
      assert.match(summary, new RegExp(`${signal}, sent by pid 4711, stopped the worker for 3\\.00 s`));
      assert.match(evidence[0]?.text ?? '', new RegExp(`${signal}`));
      assert.match(evidence[1]?.text ?? '', /SIGCONT/);
      assert.match(next[0]?.text ?? '', /why pid 4711 stopped it/);
      assert.ok(next.every(({ command = '' }) => !command.includes('py-spy')));
    });

  it('and never went on is stopped to the end', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a');
    worker.call('epoll_wait(7<anon_inode:[eventpoll]>, ', '0x7f, 64, -1)', failed('EINTR'), 949);
    worker.line('--- SIGSTOP {si_signo=SIGSTOP, si_code=SI_USER, si_pid=4711, si_uid=0} ---');
    worker.line('--- stopped by SIGSTOP ---');
    // Another thread of the capture goes on.
    trace.thread(140).at(5000).call('getpid(', ')', 140);
    const { metrics, title, openEnded } = await stall(trace);
    assert.deepEqual([metrics.cause, openEnded], ['stopped', true]);
    assert.match(title, /stalled at least 4\.0\d s: stopped by SIGSTOP$/);
  });

  it('has no sender where the trace tells none', async () => {
    const { metrics, summary, next } = await stall(stopped(3000, 'SIGSTOP', 'si_code=SI_KERNEL'));
    assert.equal(metrics.stopSender, null);
    assert.match(summary, /SIGSTOP stopped the worker for 3\.00 s\./);
    assert.match(next[0]?.text ?? '', /Find out who stopped it/);
  });

  it('for less than a stall is nothing', async () => {
    assert.deepEqual(ofKind(await analyzed(stopped(90)), KIND), []);
  });

  it('is not told where a signal that could stop it was caught', async () => {
    const { trace, worker } = oneWorker();
    turn(worker, 1000, 3000, (own) => own.line('--- SIGTSTP {si_signo=SIGTSTP, si_code=SI_USER, si_pid=1} ---'));
    worker.waitUntil(9000);
    assert.equal((await stall(trace)).metrics.cause, 'no-syscall');
  });
});

it('a turn did not run where the scheduler says that its thread was ready and waited for half of it', async () => {
  const SECOND = 1_000_000;
  const queued = async (microseconds: number): Promise<unknown> => {
    const lines = [
      EXACT_START,
      wait(101, SECOND / 2, SECOND, 5, 1),
      accept(101, SECOND, 12, 40_001),
      wait(101, 2 * SECOND, 2.5 * SECOND, -1, 1, [0, microseconds]),
    ];
    return only(await analyzed(`${lines.join('\n')}\n`), KIND).metrics.cause;
  };
  assert.equal(await queued(500_000), 'not-running');
  assert.equal(await queued(499_999), 'no-syscall');
});

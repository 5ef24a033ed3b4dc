import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { attached, fork, MASTER, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'worker-death';

/** A master with two workers; the second one goes on until the end. What happens to the first one comes at 100 ms. */
function server(act: (worker: ThreadLines, trace: TraceLines) => void): TraceLines {
  const { trace, workers } = prefork([101, 102]);
  const [worker, other] = workers as [ThreadLines, ThreadLines];
  worker.waitUntil(50, LISTENER).serve(11, 'GET /a').at(100);
  other.waitUntil(60, LISTENER).serve(11, 'GET /b').waitUntil(1000);
  act(worker, trace);
  return trace;
}

/** What the kernel writes for the process itself. */
const faults = (worker: ThreadLines, signal: string, code = 'SEGV_MAPERR'): ThreadLines =>
  worker.line(`--- ${signal} {si_signo=${signal}, si_code=${code}, si_addr=0x8} ---`);

/** Forks that end with a status before they serve anybody. */
function failing(count: number, status: number): TraceLines {
  return server((_, trace) => {
    const master = trace.thread(MASTER).at(200);
    master.line('<... wait4 resumed>0x7ffd, 0, NULL) = ? ERESTARTSYS (To be restarted if SA_RESTART is set) <0.19>');
    for (let index = 0; index < count; index++) {
      const pid = 201 + index;
      fork(master, pid);
      trace
        .thread(pid)
        .at(master.now + 1)
        .call('openat(AT_FDCWD, "/srv/app.py", O_RDONLY', ')', '-1 ENOENT (No such file or directory)')
        .exits(status);
      master.gap(10);
    }
  });
}

describe('a worker that dies by a signal', () => {
  for (const signal of ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGSYS'])
    it(`of its own making (${signal}) is critical once it has served`, async () => {
      const { severity, title, summary } = only(
        await analyzed(server((worker) => faults(worker, signal).killedBy(signal))),
        KIND,
      );
      assert.deepEqual([severity, title], ['critical', `Process 101 was killed by ${signal}`]);
      assert.match(summary, /after it had served.*Its own code caused the signal\./);
    });

  it('that another process sent is a warning, and says who sent it', async () => {
    const { severity, summary, metrics } = only(
      await analyzed(
        server((worker, trace) => {
          trace.thread(102).call('kill(101, SIGKILL', ')', 0);
          worker.at(1100).killedBy('SIGKILL');
        }),
      ),
      KIND,
    );
    assert.equal(severity, 'warning');
    assert.match(summary, /Process 102 sent the signal/);
    assert.deepEqual((metrics.deaths as unknown as { killedBy: number }[])[0]?.killedBy, 102);
  });

  it('of which nobody knows the sender is told with a doubt, and with the log of the kernel', async () => {
    const { summary, next } = only(await analyzed(server((worker) => worker.killedBy('SIGKILL'))), KIND);
    assert.match(summary, /does not show who sent it/);
    assert.match(next[0]?.command ?? '', /dmesg/);
  });

  it('is told from the SIGCHLD of its parent when it was not traced', async () => {
    const line = (code: string, status: string) =>
      `100   1795140800.000000 wait4(-1, NULL, 0, NULL) = 101 <0.5>\n` +
      `100   1795140800.600000 --- SIGCHLD {si_signo=SIGCHLD, si_code=${code}, si_pid=101, si_uid=33, ` +
      `si_status=${status}, si_utime=1, si_stime=0} ---\n`;
    assert.match(only(await analyzed(line('CLD_DUMPED', 'SIGSEGV')), KIND).title, /101 was killed by SIGSEGV \(core/);
    none(await analyzed(line('CLD_EXITED', '0')), KIND);
    none(await analyzed(line('CLD_KILLED', 'SIGTERM')), KIND);
  });
});

describe('a worker that ends with a status', () => {
  it('is a warning up to two of them, and a crash loop from the third on', async () => {
    const two = only(await analyzed(failing(2, 3)), KIND);
    assert.deepEqual([two.severity, two.title], ['warning', '2 processes exited with status 3']);
    assert.match(two.summary, /It had not accepted a connection before\./);
    const three = only(await analyzed(failing(3, 3)), KIND);
    assert.deepEqual([three.severity, three.title], ['critical', 'Crash loop: 3 processes exited with status 3']);
  });

  it('is a loop sooner as asked', async () => {
    const report = await analyzed(failing(2, 3), {}, { thresholds: { 'death-loop': 2 } });
    assert.equal(only(report, KIND).severity, 'critical');
  });

  it('of another value is another finding', async () => {
    const trace = failing(1, 3);
    trace.thread(101).at(500).exits(1);
    assert.equal(ofKind(await analyzed(trace), KIND).length, 2);
  });

  it('of 0 has done what it should', async () => {
    assert.match(none(await analyzed(failing(5, 0)), KIND), /^5 processes that ended with status 0/);
  });
});

describe('a process that nobody knows as a server', () => {
  const job = (): TraceLines => {
    const trace = new TraceLines();
    trace
      .thread(900)
      .at(0)
      .call('openat(AT_FDCWD, "/data/rows", O_RDONLY', ')', '5</data/rows>')
      .gap(100)
      .call('read(5</data/rows>, "x", ', '4096)', 4096)
      .line('--- SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x8} ---')
      .killedBy('SIGSEGV');
    return trace;
  };

  it('leaves no service with a worker less', async () => {
    const { why } = only(await analyzed(job()), KIND);
    assert.match(why, /^What the process was doing is lost with it\./);
    assert.doesNotMatch(why, /worker|502/);
  });

  it('does so where it stands beside workers', async () => {
    const { why } = only(await analyzed(server((worker) => faults(worker, 'SIGSEGV').killedBy('SIGSEGV'))), KIND);
    assert.match(why, /the service has one worker less\.$/);
  });
});

describe('a process that was asked to end', () => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGALRM'])
    it(`by ${signal} is no news`, async () => {
      none(await analyzed(server((worker) => worker.signal(signal).killedBy(signal))), KIND);
    });

  it('in the middle of a request, and replaced, leaves its client without an answer', async () => {
    const cut = (isReplaced: boolean, isAnswered: boolean): TraceLines =>
      server((worker, trace) => {
        worker.waitUntil(150, LISTENER).accept(12).read(12, 'GET /slow');
        if (isAnswered) worker.reply(12);
        worker.at(400).signal('SIGTERM').killedBy('SIGTERM');
        const master = trace.thread(MASTER).at(410);
        master.line('--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=101, si_uid=33, si_status=SIGTERM} ---');
        if (isReplaced) fork(master, 201);
      });
    const { severity, title, summary, next } = only(await analyzed(cut(true, false)), KIND);
    assert.deepEqual([severity, title], ['warning', '1 worker was ended by SIGTERM in a request: GET /slow']);
    assert.match(summary, /The request that it had read got no answer\. .*started 201 next/);
    assert.match(next[0]?.text ?? '', /request_terminate_timeout/);
    none(await analyzed(cut(false, false)), KIND);
    none(await analyzed(cut(true, true)), KIND);
  });

  it('and answers with a status is no news', async () => {
    none(await analyzed(server((worker) => worker.signal('SIGTERM').exits(1))), KIND);
  });

  it('and ends with the status that says so is no news, whoever the capture shows to get the signal', async () => {
    for (const status of [130, 143]) none(await analyzed(server((worker) => worker.exits(status))), KIND);
    only(await analyzed(server((worker) => worker.exits(142))), KIND);
  });

  it('or to reload, by a signal of its own, and leaves with a status is no news within a minute', async () => {
    const leaves = (ms: number) => server((worker) => worker.signal('SIGHUP').gap(ms).exits(17));
    none(await analyzed(leaves(40)), KIND);
    none(await analyzed(leaves(59_000)), KIND);
    only(await analyzed(leaves(61_000)), KIND);
  });

  it('but one that only its master told to reload, and that leaves with a status, is', async () => {
    const trace = server((worker, all) => {
      all.thread(MASTER).at(90).signal('SIGHUP');
      worker.at(200).exits(3);
    });
    only(await analyzed(trace), KIND);
  });

  it('and is killed when that takes too long is no news', async () => {
    none(await analyzed(server((worker) => worker.signal('SIGTERM').gap(500).killedBy('SIGKILL'))), KIND);
  });

  it('and crashes then is', async () => {
    const report = await analyzed(
      server((worker) => faults(worker.signal('SIGTERM').gap(5), 'SIGSEGV').killedBy('SIGSEGV')),
    );
    assert.equal(only(report, KIND).severity, 'critical');
  });
});

it('a master that was only told to open its logs anew asked nobody to end', async () => {
  const trace = server((worker, all) => {
    all.thread(MASTER).at(90).signal('SIGUSR1');
    worker.at(200).killedBy('SIGKILL');
  });
  only(await analyzed(trace), KIND);
});

it('a helper program that ends with a status is no news', async () => {
  const trace = server((worker, all) => {
    for (let index = 0; index < 5; index++) {
      const pid = 301 + index;
      fork(worker, pid);
      all
        .thread(pid)
        .at(worker.now + 1)
        .call('execve("/usr/bin/grep", ["grep", "x"], 0x7ffd /* 9 vars */', ')', 0)
        .exits(1);
      worker.gap(10);
    }
  });
  none(await analyzed(trace), KIND);
});

it('children that their parent kills and does not replace were put away', async () => {
  const pool = (replaced: boolean): string => {
    const trace = new TraceLines();
    const parent = trace.thread(300).at(0);
    const pids = [301, 302, 303];
    for (const pid of pids) fork(parent, pid);
    for (const [index, pid] of pids.entries()) {
      const child = trace
        .thread(pid)
        .at(50)
        .call('clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=1, tv_nsec=0}', ', NULL)', 0, 40);
      parent.at(100 + index * 10).call(`kill(${pid}, SIGKILL`, ')', 0);
      child.at(101 + index * 10).killedBy('SIGKILL');
      if (replaced) fork(parent.at(103 + index * 10), 311 + index);
    }
    parent.at(500).exits();
    return trace.text();
  };
  none(await analyzed(pool(false)), KIND);
  // As a master does that has a time limit for jobs.
  assert.equal(only(await analyzed(pool(true)), KIND).title, 'Crash loop: 3 processes were killed by SIGKILL');
});

it('a program in a pipeline of a shell ends by SIGPIPE, and a daemon that was attached does not', async () => {
  const start = 'execve("/usr/bin/yes", ["yes"], 0x7ffc /* 9 vars */) = 0\n';
  const end =
    'write(1, "y", 1) = -1 EPIPE (Broken pipe)\n--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=9, si_uid=0} ---\n' +
    '+++ killed by SIGPIPE +++\n';
  none(await analyzed(start + end), KIND);
  assert.equal(only(await analyzed(end), KIND).severity, 'warning');
});

it('a fork that writes to a pipe whose reader left is no news, and one that is killed is', async () => {
  const fork301 = (signal: string) =>
    server((worker, all) => {
      fork(worker, 301);
      all
        .thread(301)
        .at(worker.now + 1)
        .call('write(1<pipe:[51]>, "y", 1', ')', 1)
        .killedBy(signal);
    });
  none(await analyzed(fork301('SIGPIPE')), KIND);
  assert.equal(only(await analyzed(fork301('SIGKILL')), KIND).severity, 'warning');
});

describe('a process of which nothing follows behind a fault', () => {
  const fault = '--- SIGSEGV (Segmentation fault) @ 0 (0) ---';
  const lines = (last: string): string =>
    [
      'Process 4578 attached - interrupt to quit',
      'epoll_wait(13, {{EPOLLIN, {u32=9, u64=9}}}, 512, 4294967295) = 1',
      'accept4(9, {sa_family=AF_INET, sin_port=htons(51705), sin_addr=inet_addr("10.0.0.9")}, [16], SOCK_NONBLOCK) = 5',
      fault,
      last,
    ].join('\n');

  it('died of it as far as anybody can tell: a warning with a doubt', async () => {
    const { severity, confidence, title, summary, metrics } = only(
      await analyzed(lines('Process 4578 detached\n')),
      KIND,
    );
    assert.deepEqual([severity, confidence], ['warning', 'possible']);
    assert.equal(title, 'Process 4578 got SIGSEGV, and no later line of it is in the capture');
    assert.match(summary, /it had served before\./);
    const [death] = metrics.deaths as unknown as { assumed: boolean; signal: string }[];
    assert.deepEqual([death?.assumed, death?.signal], [true, 'SIGSEGV']);
  });

  it('is none that handles it and goes on', async () => {
    none(await analyzed(lines('rt_sigreturn({mask=[]}) = 0\n')), KIND);
    none(await analyzed(lines('futex(0x7ffe, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>\n')), KIND);
  });
});

it('the metrics of what it printed are those of its trace', async () => {
  const trace = server((_, lines) => {
    const master = lines.thread(MASTER).at(200);
    fork(master, 201);
    lines
      .thread(201)
      .at(master.now + 1)
      .call('write(2, "panic: no route\\n", 16', ')', 16)
      .exits(3);
  });
  const [death] = only(await analyzed(trace), KIND).metrics.deaths as unknown as { printed: unknown }[];
  assert.deepEqual(death?.printed, { lines: ['panic: no route'], error: 'panic: no route', leftOut: 0 });
});

it('the metrics of a death are those of its trace', async () => {
  const trace = server((worker, all) => {
    faults(worker, 'SIGSEGV').line('+++ killed by SIGSEGV (core dumped) +++');
    fork(all.thread(MASTER).at(150), 103);
    all.thread(103).at(160).call('getpid(', ')', 103);
  });
  const { metrics, startMs } = only(await analyzed(trace), KIND);
  assert.equal(startMs, 100);
  assert.deepEqual(metrics, {
    deaths: [
      {
        pid: 101,
        atMs: 100,
        signal: 'SIGSEGV',
        status: null,
        coreDumped: true,
        killedBy: null,
        lastCall: 'close',
        lastCallMs: null,
        assumed: false,
        printed: null,
        replacedBy: 103,
      },
    ],
    count: 1,
  });
});

it('without times nobody knows when', async () => {
  const trace = server((worker) => worker.exits(3));
  const { metrics, startMs } = only(await analyzed(trace, { stamps: 'none' }), KIND);
  assert.equal(startMs, null);
  assert.deepEqual(metrics.deaths, [
    {
      pid: 101,
      atMs: null,
      signal: null,
      status: 3,
      coreDumped: false,
      killedBy: null,
      lastCall: 'close',
      lastCallMs: null,
      assumed: false,
      printed: null,
      replacedBy: null,
    },
  ]);
});

describe('a worker that a signal killed in a call', () => {
  /** One process of strace without -f: its last call begins at 17:43:47.0005 and never comes back. */
  const killedIn = (call: string, killed = '17:44:17.800500'): string =>
    [
      '17:43:47.000100 select(63, [6], [], [61 62], {15, 0}) = 1 (in [6], left {14, 999994}) <0.000025>',
      '17:43:47.000200 accept(6, {sa_family=AF_INET, sin_port=htons(35603), sin_addr=inet_addr("10.0.0.9")}, [16]) = 63 <0.000026>',
      '17:43:47.000400 getppid() = 25286 <0.000033>',
      `17:43:47.000500 ${call}  <unfinished ...>`,
      `${killed} +++ killed by SIGKILL +++`,
      '',
    ].join('\n');

  it('is told with that call, for how long, and what the call waited for', async () => {
    const { title, summary, metrics, evidence, next } = only(await analyzed(killedIn('recvfrom(63,')), KIND);
    assert.equal(title, 'The process was killed by SIGKILL after 30.80 s in recvfrom on client on fd 63');
    assert.match(summary, /It had been in recvfrom for 30\.80 s, and waited for client on fd 63 to send\.$/);
    const [death] = metrics.deaths as unknown as { lastCall: string; lastCallMs: number }[];
    assert.deepEqual([death?.lastCall, death?.lastCallMs], ['recvfrom', 30_800]);
    assert.deepEqual(
      evidence.map(({ line }) => line),
      [4, 5],
    );
    assert.match(next[0]?.text ?? '', /^Find out why that took so long: .* --timeout of gunicorn/);
  });

  it('is told without where it waited for work, or not for long', async () => {
    for (const trace of [
      killedIn('select(63, [6], [], [61 62], {15, 0}'),
      killedIn('recvfrom(63,', '17:43:47.900500'),
    ]) {
      const { title, next } = only(await analyzed(trace), KIND);
      assert.equal(title, 'The process was killed by SIGKILL');
      assert.doesNotMatch(next[0]?.text ?? '', /gunicorn/);
    }
  });
});

describe('a worker that dies by a signal in a capture of bpftrace', () => {
  const START = 'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000';
  const call = (ts: number): string => `ts=${ts} dur=2028 pid=101 tid=101 nr=3 ret=0 a=5,0,0,0 data=`;
  const capture = (...lines: readonly string[]): string =>
    `${[START, call(1_100_000_000), ...lines, call(2_500_000_000).replaceAll('101', '103')].join('\n')}\n`;
  const exit = 'event=exit ts=2300000000 pid=101 tid=101 nr=0 a=0';

  it('did not bring it on itself where somebody else sent it, who is named', async () => {
    const { summary, next, metrics } = only(
      await analyzed(
        capture(
          'event=signal ts=2100000000 pid=31 tid=31 to=101 sig=9 code=0 result=0',
          'event=deliver ts=2200000000 pid=101 tid=101 sig=9 code=0 handler=0',
          exit,
        ),
      ),
      KIND,
    );
    assert.match(summary, /was killed by SIGKILL\. Process 31 sent the signal\./);
    assert.match(next[0]?.command ?? '', /^ps .* -p 31$/);
    assert.match(JSON.stringify(metrics.deaths), /"killedBy":31,/);
  });

  it('was killed by the kernel, or by nobody knows whom, where no sender is told', async () => {
    for (const code of [128, 0]) {
      const deliver = `event=deliver ts=2200000000 pid=101 tid=101 sig=9 code=${code} handler=0`;
      const { summary, next } = only(await analyzed(capture(deliver, exit)), KIND);
      assert.match(summary, /The trace does not show who sent it: .* or the kernel when memory ran out\./);
      assert.match(next[0]?.command ?? '', /dmesg/);
    }
  });

  it('brought a fault on itself', async () => {
    const deliver = 'event=deliver ts=2200000000 pid=101 tid=101 sig=11 code=1 handler=0';
    const { summary } = only(await analyzed(capture(deliver, exit)), KIND);
    assert.match(summary, /was killed by SIGSEGV\. Its own code caused the signal\./);
  });
});

it('a child whose parent was told that it dumped core did so', async () => {
  const text =
    '--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=517, si_uid=0, si_status=SIGSEGV, si_utime=1, si_stime=3} ---\n' +
    'wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], WNOHANG, NULL) = 517\n';
  assert.equal(only(await analyzed(text), KIND).title, 'Process 517 was killed by SIGSEGV (core dumped)');
});

it('a child that could not begin its program is a helper, and no worker', async () => {
  const lines = (execve: string): string =>
    [
      '[pid 311] read(16<TCP:[10.0.0.1:8080->10.0.0.9:40117]>, "GET / HTTP/1.1\\r\\nHost: a"..., 4096) = 93',
      '[pid 311] clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7fe4) = 317',
      ...(execve === '' ? [] : [`[pid 317] ${execve}`]),
      '[pid 317] exit_group(127) = ?',
      '[pid 317] +++ exited with 127 +++',
      '[pid 311] --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=317, si_uid=0, si_status=127, si_utime=0, si_stime=0} ---',
      '',
    ].join('\n');
  none(
    await analyzed(
      lines('execve("/bin/no", ["/bin/no"], 0x55aa /* 19 vars */) = -1 ENOENT (No such file or directory)'),
    ),
    KIND,
  );
});

it('who was killed after an abort is told with who sent that', async () => {
  const text =
    'strace: Process 7301 attached\n--- SIGABRT {si_signo=SIGABRT, si_code=SI_USER, si_pid=11, si_uid=33} ---\n' +
    'rt_sigreturn({mask=[]}) = 0\n+++ killed by SIGKILL +++\n';
  assert.match(only(await analyzed(text), KIND).summary, /Process 11 had sent it SIGABRT, as gunicorn does/);
});

it('a worker that dies of its own write caused the signal; else the kernel tells', async () => {
  const dies = (pid: string): string =>
    `${pid}1795140800.000000 accept4(5<socket:[1]>, NULL, NULL, 0) = 7<socket:[2]> <0.000020>\n` +
    `${pid}1795140800.100000 sendto(7<socket:[2]>, "x", 1, 0, NULL, 0) = -1 EPIPE (Broken pipe) <0.000020>\n` +
    `${pid}1795140800.100100 --- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=901, si_uid=0} ---\n` +
    `${pid}1795140800.100200 +++ killed by SIGPIPE +++\n`;
  assert.match(
    only(await analyzed(dies('901   ')), KIND).summary,
    /SIGPIPE after it had served\. Its own code caused the signal/,
  );
  assert.match(
    only(await analyzed(dies('')), KIND).summary,
    / The kernel sent the signal for its own write: it is process 901/,
  );
});

it('shows the line of the signal, that of the end, and what its parent was told, each once', async () => {
  const told = '--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=101, si_uid=33, si_status=SIGSEGV} ---';
  const trace = server((worker, all) => {
    faults(worker, 'SIGSEGV').at(101).killedBy('SIGSEGV');
    all.thread(MASTER).at(110).line(told).line(told);
  });
  const { evidence } = only(await analyzed(trace), KIND);
  assert.deepEqual(
    evidence.map(({ text }) => / (--- SIG\w+|\+\+\+ killed) /.exec(text)?.[1]),
    ['--- SIGSEGV', '+++ killed', '--- SIGCHLD', '--- SIGCHLD'],
  );
});

describe('a process of which nobody knows the first thread', () => {
  /** Two threads: one accepts, the other one answers. Both end, or the first one alone. */
  async function ends(isBoth: boolean): Promise<unknown> {
    const { trace, workers } = attached([107, 103]);
    const [acceptor, pool] = workers as [ThreadLines, ThreadLines];
    // Who is seen for the first time after the accept may be a fork.
    for (const worker of workers) worker.at(10).call('getppid(', ')', 1);
    acceptor.waitUntil(50, LISTENER).accept(11);
    pool.labels.set(11, acceptor.labels.get(11) ?? '');
    pool.at(60).read(11, 'GET /a').reply(11).at(100).exits(3);
    acceptor.at(200).call('getpgrp(', ')', 7);
    if (isBoth) acceptor.at(300).exits(3);
    return (await analyzed(trace)).findings.filter(({ kind }) => kind === KIND).map(({ title }) => title);
  }

  it('lives while one of its threads does, and dies with the last one', async () => {
    assert.deepEqual(await ends(false), []);
    assert.deepEqual(await ends(true), ['Process 103 exited with status 3']);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { attached, connectTo, fork, oneWorker, startThread } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

const KIND = 'worker-saturation';
const END = 10_000;

/** Asks a service for so long. */
function ask(thread: ThreadLines, ms: number): ThreadLines {
  connectTo(thread, 40, 28_091, 70_000 + Math.round(thread.now * 10)).send(40, 'GET /x HTTP/1.1\\r\\n\\r\\n');
  return thread.read(40, 'HTTP/1.1 200 OK\\r\\n\\r\\n', ms).close(40);
}

type Jobs = (child: ThreadLines, take: (at: number) => void) => void;

interface Parts {
  /** So many further children wait for a job all the time. */
  readonly idle?: number;
  /** What the master does in its first milliseconds, after it has forked. */
  readonly before?: (master: ThreadLines) => void;
}

const takesOne = (master: ThreadLines): void => {
  master.labels.set(9, 'socket:[77]');
  master.send(9, '*3\\r\\n$5\\r\\nBRPOP\\r\\n$6\\r\\ncelery\\r\\n');
  master.read(9, '*2\\r\\n$6\\r\\ncelery\\r\\n$3\\r\\njob\\r\\n');
};

/** Children of a master that get their jobs through a pipe each. It takes them from a broker, unless told otherwise. */
function children(jobs: Jobs, { idle = 0, before = takesOne }: Parts = {}): TraceLines {
  const trace = new TraceLines();
  const master = trace.thread(100).at(0);
  const pids = [101, 102, 103].slice(0, 2 + idle);
  for (const pid of pids) fork(master, pid);
  before(master);
  master.stays('wait4(-1, ');
  for (const [index, pid] of pids.entries()) {
    const child = trace.thread(pid).at(5);
    const pipe = `6<pipe:[${90 + index}]>`;
    if (index < 2)
      jobs(child, (at) => {
        const waited = Math.max(0.02, at + index - child.now);
        child.call(`read(${pipe}, `, '"\\0\\0\\3\\246", 4)', 4, waited).call(`read(${pipe}, `, '"job", 900)', 900);
      });
    child.stays(`read(${pipe}, `);
  }
  trace.thread(104).at(END).call('getpid(', ')', 104);
  return trace;
}

describe('workers of a queue are saturated while all of them are at a job and another one waits', () => {
  it('as children that read jobs from a pipe: who they wait for is in the title', async () => {
    const trace = children((child, take) => {
      for (const at of [500, 3000]) {
        take(at);
        ask(child, 1500);
        take(child.now);
        ask(child, 500);
      }
    });
    const { severity, title, summary, metrics, workers, next } = only(await analyzed(trace), KIND);
    assert.equal(severity, 'warning');
    assert.match(title, /^Both queue workers busy 40 % of the time: recvfrom on 10\.0\.0\.7:28091 \(HTTP\)$/);
    assert.match(summary, /were busy with jobs at the same time for .* jobs took/);
    assert.deepEqual([metrics.workers, metrics.served, workers], [2, 8, [101, 102]]);
    assert.match(next.map(({ text }) => text).join(), /celery -c/);
  });

  it('and it is information where no job was seen to wait', async () => {
    const trace = children((child, take) => {
      for (const at of [500, 3000]) {
        take(at);
        ask(child, 1500);
      }
    });
    assert.equal(only(await analyzed(trace), KIND).severity, 'info');
  });

  it('whatever the share, from a second on while another one waits', async () => {
    const once = (ms: number, further: boolean): TraceLines =>
      children((child, take) => {
        take(500);
        ask(child, ms);
        if (further) take(child.now);
      });
    assert.equal(only(await analyzed(once(1200, true)), KIND).severity, 'warning');
    none(await analyzed(once(950, true)), KIND);
    none(await analyzed(once(1200, false)), KIND);
  });

  it('and a warning again where their master took a job from the broker meanwhile', async () => {
    const trace = children((child, take) => {
      take(500);
      ask(child, 3500);
    });
    const master = trace.thread(100).at(700);
    master.labels.set(9, 'socket:[77]').set(7, 'anon_inode:[eventpoll]');
    for (const nothing of ['*-1\\r\\n', '*2\\r\\n$6\\r\\ncelery\\r\\n$3\\r\\njob\\r\\n'])
      master.send(9, '*3\\r\\n$5\\r\\nBRPOP\\r\\n$6\\r\\ncelery\\r\\n').epollWait(7, 1000, [9]).read(9, nothing);
    assert.equal(only(await analyzed(trace), KIND).severity, 'warning');
  });

  it('and not while another child waits for a job, nor while jobs are short', async () => {
    const long = (child: ThreadLines, take: (at: number) => void): void => {
      for (let round = 0; round < 3; round++) {
        take(child.now + 10);
        ask(child, 2000);
      }
    };
    assert.equal(only(await analyzed(children(long)), KIND).severity, 'critical');
    assert.match(
      none(await analyzed(children(long, { idle: 1 })), KIND),
      /^all 3 queue workers were busy at once 0 % of the time/,
    );
    const short = (child: ThreadLines, take: (at: number) => void): void => {
      for (let round = 0; round < 70; round++) {
        take(child.now);
        ask(child, 90);
      }
    };
    none(await analyzed(children(short)), KIND);
  });

  /** Two children that are busy most of the time, with the next job there already. */
  const busy: Jobs = (child, take) => {
    for (let round = 0; round < 4; round++) {
      take(child.now + 10);
      ask(child, 1900);
    }
  };

  it('which is information where nobody but the program itself wants these jobs', async () => {
    const batch = only(await analyzed(children(busy, { before: () => {} })), KIND);
    assert.deepEqual([batch.severity, batch.confidence], ['info', 'possible']);
    assert.match(batch.summary, /Nothing in the capture asks this program for anything: a batch program/);
    assert.equal(only(await analyzed(children(busy)), KIND).severity, 'critical');
  });

  it('and a warning at most where its master reads from a service: that may be a queue, or its data', async () => {
    const before = (master: ThreadLines): void => {
      connectTo(master, 9, 5432).send(9, 'Q\\0\\0\\0\\16SELECT 1\\0').read(9, 'T\\0\\0');
    };
    const { severity, confidence, summary } = only(await analyzed(children(busy, { before })), KIND);
    assert.deepEqual([severity, confidence], ['warning', 'possible']);
    assert.match(summary, /Whether somebody waits for these jobs is not in the capture/);
  });

  it('and as bad as ever where its master serves clients itself', async () => {
    const before = (master: ThreadLines): void => {
      master.labels.set(LISTENER, 'socket:[4711]');
      master.accept(11).read(11, 'GET /a').reply(11).close(11);
    };
    assert.equal(only(await analyzed(children(busy, { before })), KIND).severity, 'critical');
  });

  it('also without names of descriptors, where the capture shows the forks of their parent', async () => {
    const text = children(busy)
      .text()
      .replaceAll(/<pipe:\[\d+\]>/g, '');
    assert.equal(only(await analyzed(text), KIND).severity, 'critical');
    // Their parent may be anybody's: they read files or sockets, for all that is known.
    const alone = text.replaceAll(/^100 .*\n/gm, '');
    none(await analyzed(alone), KIND);
  });

  it('but not where each opened what it reads from, which is a socket then', async () => {
    const unnamed = (opens: boolean): string =>
      children((child, take) => {
        if (opens) child.call('socket(AF_INET, SOCK_STREAM, IPPROTO_TCP', ')', 6);
        busy(child, take);
      })
        .text()
        .replaceAll(/<pipe:\[\d+\]>/g, '');
    none(await analyzed(unnamed(true)), KIND);
    only(await analyzed(unnamed(false)), KIND);
  });

  it('but not so bad where they were there before: what has no name may be the socket of a client', async () => {
    const text = children(busy)
      .text()
      .replaceAll(/<pipe:\[\d+\]>/g, '');
    // Their parent is known by what they ask, and takes jobs.
    const asked = [101, 102].map((pid) => `${pid}   1795140800.004000 getppid() = 100 <0.000010>\n`).join('');
    const attached = `100   1795140800.003000 getpid() = 100 <0.000010>\n${asked}${text.replaceAll(/^100 .*clone.*\n/gm, '')}`;
    assert.equal(only(await analyzed(attached), KIND).severity, 'info');
    none(await analyzed(attached.replaceAll('getppid', 'getpid')), KIND);
  });

  it('also of processes that were attached: who writes to their pipes is their master', async () => {
    const trace = children(busy, { before: () => {} });
    const master = trace.thread(100).at(5);
    takesOne(master);
    for (const [index, at] of [20, 40, 1930, 1950, 3850, 3870].entries())
      master.at(at).call(`write(${20 + (index % 2)}<pipe:[${90 + (index % 2)}]>, `, '"\\0\\0\\3\\246", 4)', 4);
    const text = trace.text().replaceAll(/^100 .*(?:clone|wait4).*\n/gm, '');
    assert.equal(only(await analyzed(text), KIND).severity, 'critical');
    // The master is not traced: what they belong to is unknown.
    const { severity, confidence, summary } = only(await analyzed(text.replaceAll(/^100 .*\n/gm, '')), KIND);
    assert.deepEqual([severity, confidence], ['info', 'possible']);
    assert.match(summary, /Who hands out these jobs is not in the capture/);
  });

  /** Attached readers of pipes, in each of which the next thing is there each time; `writer` says who wrote it. */
  function neverWaiting(writer: (reader: number) => { readonly pid: number; readonly fd: number }): TraceLines {
    const trace = new TraceLines();
    takesOne(trace.thread(100).at(0));
    for (const [index, pid] of [101, 102].entries()) {
      const reader = trace.thread(pid).at(5 + index);
      for (let round = 0; round < 4; round++) {
        const { pid: by, fd } = writer(index);
        const pipe = `<pipe:[${70 + fd}]>`;
        trace
          .thread(by)
          .at(reader.now - 1)
          .call(`write(${fd}${pipe}, `, '"\\0\\0\\3\\246", 4)', 4);
        ask(reader.call(`read(6${pipe}, `, '"\\0\\0\\3\\246", 4)', 4), 1900);
      }
      reader.stays(`read(6<pipe:[${70 + writer(index).fd}]>, `);
    }
    trace.thread(104).at(END).call('getpid(', ')', 104);
    return trace;
  }

  it('also where none of them ever waits for a job, since the next one is there each time', async () => {
    const shared = neverWaiting(() => ({ pid: 100, fd: 20 }));
    assert.equal(only(await analyzed(shared), KIND).severity, 'critical');
    const own = neverWaiting((reader) => ({ pid: 100, fd: 20 + reader }));
    assert.equal(only(await analyzed(own), KIND).metrics.workers, 2);
    // Two halves of two pipelines have nothing in common.
    none(await analyzed(neverWaiting((reader) => ({ pid: 105 + reader, fd: 20 + reader }))), KIND);
  });

  it('but not where several report through that pipe, nor where one byte comes, which wakes somebody up', async () => {
    let turn = 0;
    none(await analyzed(neverWaiting(() => ({ pid: 105 + (turn++ % 2), fd: 20 }))), KIND);
    const text = neverWaiting(() => ({ pid: 100, fd: 20 })).text();
    none(await analyzed(text.replaceAll(/(read\(6.*), 4\) = 4/g, '$1, 1) = 1')), KIND);
  });

  it('also where two threads of the master write to their pipe, once they are known to be of one process', async () => {
    const told = async (joined: boolean): Promise<string | undefined> => {
      const trace = neverWaiting(() => ({ pid: 100, fd: 20 }));
      const main = trace.thread(100);
      const other = trace.thread(112).at(3);
      other.call('write(20<pipe:[90]>, ', '"\\0\\0\\3\\246", 4)', 4);
      main.labels.set(LISTENER, 'socket:[4711]');
      main.at(8000).accept(11).read(11, 'GET /a').reply(11);
      if (joined) other.labels.set(11, main.labels.get(11) ?? '');
      other.at(8100).read(11, 'GET /b');
      return ofKind(await analyzed(trace), KIND)[0]?.severity;
    };
    assert.equal(await told(true), 'critical');
    assert.equal(await told(false), undefined);
  });

  it('but not programs in a pipeline: what comes through standard input is data', async () => {
    const text = children(busy).text().replaceAll('read(6<', 'read(0<');
    none(await analyzed(text), KIND);
  });

  it('nor who reads files at given places', async () => {
    const text = children(busy)
      .text()
      .replaceAll(/read\(6<pipe:\[\d+\]>/g, 'pread64(6')
      .replaceAll('... read resumed', '... pread64 resumed');
    none(await analyzed(text), KIND);
  });

  it('nor who takes a token from a pipe and puts it back, as make does, or reads what a child says', async () => {
    for (const writer of [101, 151]) {
      const trace = children(busy);
      if (writer === 151) for (const [index, pid] of [151, 152].entries()) fork(trace.thread(101 + index).at(6), pid);
      for (const [index, pid] of [writer, writer + 1].entries())
        trace
          .thread(pid)
          .at(15)
          .call(`write(8<pipe:[${90 + index}]>, `, '"+", 1)', 1);
      none(await analyzed(trace), KIND);
    }
  });

  it('and who waits for its turn at a pipe that they share waits for a job', async () => {
    const turns = (word: string): Jobs => {
      return (child, take) => {
        for (let round = 0; round < 4; round++) {
          take(child.now + 10);
          ask(child, 300);
          child.call(`futex(${word}, NULL, FUTEX_BITSET_MATCH_ANY`, ')', 0, 1700);
        }
      };
    };
    const shared = children(turns('0x7f51bdf7b000, FUTEX_WAIT_BITSET|FUTEX_CLOCK_REALTIME, 0'));
    assert.match(none(await analyzed(shared), KIND), /^both queue workers were busy at once 1\d(?:\.\d)? %/);
    // A lock between its own threads is part of the job.
    const own = children(turns('0x7f51bdf7b000, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0'));
    assert.equal(only(await analyzed(own), KIND).severity, 'critical');
  });

  /** Threads that ask a broker for the next job, which comes after so many milliseconds. */
  function takers(wait: number, work: number, tids: readonly number[] = [201, 202, 203]): TraceLines {
    const trace = new TraceLines();
    for (const tid of tids) {
      const thread = trace.thread(tid).at(tid - 200);
      thread.labels.set(9, `socket:[${tid}]`);
      for (let round = 0; round < 4; round++) {
        thread.send(9, '*3\\r\\n$5\\r\\nBRPOP\\r\\n$13\\r\\nqueue:default\\r\\n$1\\r\\n2\\r\\n');
        thread.call(`poll([{fd=${thread.fd(9)}, events=POLLIN}], 1, 5000`, ') = 1 ([{fd=9, revents=POLLIN}]', 1, wait);
        thread.read(9, '*2\\r\\n$13\\r\\nqueue:default\\r\\n$3\\r\\njob\\r\\n');
        ask(thread, work);
      }
      thread.send(9, '*3\\r\\n$5\\r\\nBRPOP\\r\\n$13\\r\\nqueue:default\\r\\n$1\\r\\n2\\r\\n');
      thread.stays(`recvfrom(${thread.fd(9)}, `);
    }
    trace.thread(104).at(END).call('getpid(', ')', 104);
    return trace;
  }

  it('as threads that ask a broker, where the next job comes at once', async () => {
    const { severity, title, metrics } = only(await analyzed(takers(0.1, 1700)), KIND);
    assert.equal(severity, 'critical');
    assert.match(title, /^All 3 queue workers busy 68 % of the time: recvfrom on 10\.0\.0\.7:28091/);
    assert.equal(metrics.workers, 3);
  });

  it('whose wait for the next job is no wait for a slow service', async () => {
    const { dependencies } = await analyzed(takers(2000, 400));
    const waits = (port: string) =>
      dependencies.filter(({ peer }) => peer.endsWith(port)).map(({ longestMs }) => longestMs);
    assert.deepEqual(
      waits(':28091').map((ms) => Math.round((ms ?? 0) / 100)),
      [4],
    );
    assert.equal(dependencies.length, 1);
    // What is asked of the same service and answered late is one.
    const late = await analyzed(takers(2000, 400).text().replaceAll('BRPOP', 'HKEYS'));
    assert.ok(late.dependencies.some(({ longestMs }) => (longestMs ?? 0) >= 2000));
  });

  it('also without names of descriptors: who asks for a job is a client of a broker', async () => {
    const unnamed = takers(0.1, 1700)
      .text()
      .replace(/<socket:\[\d+\]>/g, '');
    assert.equal(only(await analyzed(unnamed), KIND).severity, 'critical');
    none(await analyzed(unnamed.replaceAll('BRPOP', 'HKEYS')), KIND);
  });

  it('and where they wait for the next one it is information', async () => {
    assert.equal(only(await analyzed(takers(300, 1700)), KIND).severity, 'info');
    none(await analyzed(takers(2000, 400)), KIND);
  });

  it('also one alone: the broker would have given the next job to another one that waits', async () => {
    const { severity, title, summary, metrics } = only(await analyzed(takers(0.1, 1700, [201])), KIND);
    assert.equal(severity, 'critical');
    assert.match(title, /^Queue worker 201 busy 51 % of the time: recvfrom on 10\.0\.0\.7:28091/);
    assert.match(summary, /^Queue worker 201 was busy with jobs for 5\.10 s, .* this worker can serve at most/);
    // The last of four jobs is followed by none.
    assert.deepEqual([metrics.workers, metrics.totalMs], [1, 5100.24]);
  });

  it('also where the tracer came while it waited for the first of them', async () => {
    const text = takers(0.1, 1700, [201]).text();
    const attached = text.slice(text.indexOf('\n', text.indexOf('BRPOP')) + 1);
    assert.equal(only(await analyzed(attached), KIND).metrics.totalMs, 5100.24);
    // A thread of the runtime held it up for a moment, as on a busy host.
    const lock = '201   1795140799.990000 futex(0x7f51bdf7b000, FUTEX_WAIT_PRIVATE, 0, NULL) = 0 <0.005000>';
    assert.equal(only(await analyzed(lock + attached), KIND).metrics.totalMs, 5100.24);
    // What another queue answered was asked for by somebody else.
    const other = attached.replace('$13\\r\\nqueue:default\\r\\n$3', '$13\\r\\nqueue:another\\r\\n$3');
    assert.equal(only(await analyzed(other), KIND).metrics.totalMs, 3400.16);
  });

  it('whose broker is behind a network: its answer takes some milliseconds', async () => {
    assert.equal(only(await analyzed(takers(7, 1700, [201])), KIND).metrics.workers, 1);
  });

  it('and one alone that waits for its next job is not', async () => {
    none(await analyzed(takers(13, 1700, [201])), KIND);
  });

  it('the broker has nothing: that is no job', async () => {
    const text = takers(0.1, 1700)
      .text()
      .replaceAll('"*2\\r\\n$13\\r\\nqueue:default\\r\\n$3\\r\\njob\\r\\n"', '"*-1\\r\\n"');
    none(await analyzed(text), KIND);
  });
});

describe('the pool of a loop is saturated while all of its threads work and more work waits', () => {
  /** A loop with 4 threads that open a file for so long; `more` of them do another thing right after. */
  function loop(ms: number, more: number): TraceLines {
    const { trace, worker } = oneWorker();
    const tids = [201, 202, 203, 204];
    for (const tid of tids) startThread(worker, tid);
    const done = (thread: ThreadLines): ThreadLines =>
      thread.call('write(10<anon_inode:[eventfd]>, ', '"\\1\\0\\0\\0\\0\\0\\0\\0", 8)', 8);
    const open = (thread: ThreadLines, length: number): ThreadLines =>
      done(thread.call('openat(AT_FDCWD, "/srv/slow", O_RDONLY|O_CLOEXEC', ')', 20, length).close(20));
    for (const [index, tid] of tids.entries()) {
      const thread = trace.thread(tid).at(20);
      // A condition of glibc has two words that are used in turn.
      const wait = (until: number, word: string): ThreadLines =>
        thread.call(`futex(${word}, FUTEX_WAIT_PRIVATE, 0, NULL`, ')', 0, until - thread.now);
      open(wait(1000 + index, '0x5500_0008'.replace('_', '')), ms);
      if (index < more) open(thread, 3);
      wait(END, '0x5500000c');
    }
    for (let at = 500; at < END; at += 500) worker.waitUntil(at, LISTENER).serve(11, 'GET /a');
    return trace;
  }

  it('which is told though the loop itself is idle, with what the threads are in', async () => {
    const { severity, title, metrics, workers, next } = only(await analyzed(loop(1500, 1)), KIND);
    assert.equal(severity, 'warning');
    assert.equal(title, 'All 4 pool threads busy for 1.50 s: openat on /srv/slow');
    assert.deepEqual([metrics.workers, workers], [4, [101]]);
    assert.match(next.map(({ text }) => text).join(), /UV_THREADPOOL_SIZE/);
  });

  it('and not as bad where the program serves nobody, nor where what is written to is a file', async () => {
    const text = loop(4500, 1).text();
    assert.equal(only(await analyzed(text), KIND).severity, 'warning');
    const batch = text
      .replaceAll(/^101 .*(?:accept4|recvfrom|sendto|socket:\[4711\]).*\n/gm, '')
      .replaceAll(/^100 .*\n/gm, '');
    const { severity, confidence } = only(await analyzed(batch), KIND);
    assert.deepEqual([severity, confidence], ['info', 'possible']);
    none(await analyzed(text.replaceAll('write(10<anon_inode:[eventfd]>', 'write(10</srv/out>')), KIND);
  });

  it('and not while nothing more is to be done, nor for less than a second', async () => {
    assert.match(none(await analyzed(loop(1500, 0)), KIND), /^all 4 pool threads were busy at once 0 % of the time/);
    none(await analyzed(loop(990, 1)), KIND);
    assert.equal(only(await analyzed(loop(1010, 1)), KIND).severity, 'warning');
  });

  it('and one thread in each of two processes is no pool, though forks have the same addresses', async () => {
    const { trace, workers } = attached([101, 102]);
    for (const [index, worker] of workers.entries()) {
      const tid = 201 + index;
      startThread(worker, tid);
      const thread = trace.thread(tid).at(20 + index);
      const wait = (until: number): ThreadLines =>
        thread.call('futex(0x55000008, FUTEX_WAIT_PRIVATE, 0, NULL', ')', 0, until - thread.now);
      wait(1000);
      for (const ms of [7000, 3]) {
        thread.call('openat(AT_FDCWD, "/srv/slow", O_RDONLY|O_CLOEXEC', ')', 20, ms).close(20);
        thread.call('write(10<anon_inode:[eventfd]>, ', '"\\1\\0\\0\\0\\0\\0\\0\\0", 8)', 8);
      }
      wait(END);
      for (let at = 500; at < END; at += 500) worker.waitUntil(at, LISTENER).serve(11, 'GET /a');
    }
    none(await analyzed(trace), KIND);
  });
});

describe('children of a master that were there before the capture, which names no descriptor', () => {
  const START = 1_795_140_800;
  const line = (tid: number, seconds: number, call: string, result: string, took = 0.00002): string =>
    `${tid} ${(START + seconds).toFixed(6)} ${call} = ${result} <${took.toFixed(6)}>`;
  const TAKES = '"*3\\r\\n$5\\r\\nBRPOP\\r\\n$6\\r\\ncelery\\r\\n", 30, 0, NULL, 0)';
  const JOB = '"*2\\r\\n$6\\r\\ncelery\\r\\n$3\\r\\njob\\r\\n", 65536, 0, NULL, NULL)';

  /**
   * The master gets a job, hands it to the child through descriptor `to`, which reads it from its own, and asks for the
   * next one at once, as celery does.
   */
  const job = (child: number, to: number, at: number, waited: number, bytes = '\\0\\0\\3\\275'): string[] => [
    line(100, at - 0.002, `recvfrom(19, ${JOB}`, '30'),
    line(100, at, `write(${to}, "\\0\\0\\3\\275", 4)`, '4'),
    line(100, at + 0.0005, `sendto(19, ${TAKES}`, '30'),
    line(child, at + 0.0001 - waited, `read(10, "${bytes}", 4)`, '4', waited),
    line(child, at + 0.0002, 'clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=9}, NULL)', '0', 1.95),
  ];
  const asks = line(100, 0.1, `sendto(19, ${TAKES}`, '30');
  const looks = [101, 102].map((child) => line(100, 0.9, `wait4(${child}, 0x7fff, WNOHANG, NULL)`, '0'));
  const startOf = (text: string): number => Number(text.split(' ')[1]);
  /** Files of one thread each are read by when calls began. */
  const byStart = (lines: string[]): string => lines.toSorted((a, b) => startOf(a) - startOf(b)).join('\n');
  /** In one file a call that others interrupt has two lines. */
  const sorted = (lines: string[]): string =>
    byStart(
      lines.flatMap((each) => {
        const [, tid, call, args, result, took] = /^(\d+) \S+ (\w+)\((.*)\) = (.*) <([\d.]+)>$/.exec(each) ?? [];
        if (Number(took) < 0.01) return [each];
        const resumed = (startOf(each) + Number(took)).toFixed(6);
        const open = call === 'read' ? args?.split(' ')[0] : args;
        const rest = call === 'read' ? args?.slice(args.indexOf(' ') + 1) : '';
        return [
          `${tid} ${startOf(each).toFixed(6)} ${call}(${open}  <unfinished ...>`,
          `${tid} ${resumed} <... ${call} resumed>${rest}) = ${result} <${took}>`,
        ];
      }),
    );
  const jobs = (bytes?: string): string[] =>
    [0, 1].flatMap((round) => [
      ...job(101, 11, 1 + round * 2, round === 0 ? 0.9 : 0.04, bytes),
      ...job(102, 7, 1.01 + round * 2, round === 0 ? 0.9 : 0.04, bytes),
    ]);
  const end = line(100, 5.2, 'getpid()', '100');

  it('are found by what their master asks of the kernel and what goes through their pipes', async () => {
    const { title, metrics, severity } = only(await analyzed(sorted([asks, ...looks, ...jobs(), end])), KIND);
    assert.equal(severity, 'critical');
    assert.match(title, /^Both queue workers busy 81\.2 % of the time: sleeps \(clock_nanosleep\)$/);
    assert.deepEqual([metrics.workers, metrics.served], [2, 4]);
    const apart = only(await analyzed(byStart([asks, ...looks, ...jobs(), end])), KIND);
    assert.deepEqual([apart.severity, apart.metrics.workers], ['info', 2]);
  });

  it('are not known to work for it where they read something else, nor where it is not their parent', async () => {
    const others = only(await analyzed(sorted([asks, ...looks, ...jobs('\\0\\0\\3\\276'), end])), KIND);
    assert.equal(others.severity, 'info');
    const strangers = looks.map((each) => each.replace('= 0 <', '= -1 ECHILD (No child processes) <'));
    none(await analyzed(sorted([asks, ...strangers, ...jobs(), end])), KIND);
  });

  it('are free while their jobs are short', async () => {
    const short = [0, 1].flatMap((round) => [
      ...job(101, 11, 1 + round * 2, round === 0 ? 0.9 : 1.95),
      ...job(102, 7, 1.01 + round * 2, round === 0 ? 0.9 : 1.95),
    ]);
    const brief = short.map((each) => (each.includes('sleep') ? each.replace('<1.950000>', '<0.020000>') : each));
    const waits = [101, 102].map((tid) => `${tid} ${(START + 3.1).toFixed(6)} read(10,  <unfinished ...>`);
    none(await analyzed(`${sorted([asks, ...looks, ...brief])}\n${waits.join('\n')}\n${end}`), KIND);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding } from '../../src/analysis/report.ts';
import { analyzed, only } from '../support/analyzed.ts';
import { attached, oneWorker, startThread } from '../support/server-lines.ts';
import { LISTENER, QUICK, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';
import { oneTurn } from '../support/turns.ts';

const LENGTH = 200;

async function stall(trace: TraceLines): Promise<Finding> {
  return only(await analyzed(trace), 'loop-stall');
}

describe('the cause of a stall outside calls', () => {
  it('is no-syscall when there is none', async () => {
    const { metrics, confidence, evidence, summary } = await stall(oneTurn(LENGTH));
    assert.deepEqual([metrics.cause, metrics.call, confidence], ['no-syscall', '', 'likely']);
    assert.match(evidence[0]?.text ?? '', /recvfrom/);
    assert.match(evidence[1]?.text ?? '', /sendto/);
    assert.match(summary, /while serving GET \/slow: no system call for 200 ms \(running, or waiting for a CPU\)\.$/);
  });

  it('is proved by the first line of the capture, too', async () => {
    const { trace, workers } = attached([101]);
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(50, LISTENER).gap(200).accept(11).read(11, 'GET /a').reply(11).close(11);
    worker.waitUntil(500, LISTENER).serve(11, 'GET /a').waitUntil(900);
    const { evidence } = await stall(trace);
    assert.deepEqual(
      evidence.map(({ line }) => line),
      [1, 2],
    );
  });

  it('is no-syscall for busy code that allocates: many calls, none of them long', async () => {
    const { metrics, summary } = await stall(
      oneTurn(LENGTH, (worker) => {
        for (let page = 0; page < 97; page++) worker.gap(1.9).call(`brk(0x5600${page}000`, ')', `0x5600${page}000`);
      }),
    );
    assert.deepEqual([metrics.cause, metrics.turnCalls], ['no-syscall', 101]);
    assert.match(
      summary,
      /198 ms outside system calls \(running, or waiting for a CPU\), with 101 calls in between and no gap over/,
    );
  });

  it('is import from ten program files on', async () => {
    const imports = (files: number) => (worker: ThreadLines) => {
      for (let file = 0; file < files; file++)
        worker.gap(10).call(`openat(AT_FDCWD, "/app/m${file}.cpython-311.pyc", O_RDONLY|O_CLOEXEC`, ')', 30 + file);
    };
    assert.equal((await stall(oneTurn(LENGTH, imports(9)))).metrics.cause, 'no-syscall');
    assert.equal((await stall(oneTurn(LENGTH, imports(10)))).metrics.cause, 'import');
  });

  it('is proved by the wait that ended it when no part of it was long', async () => {
    const { metrics, evidence } = await stall(
      oneTurn(LENGTH, (worker) => {
        for (let index = 0; index < 24; index++) worker.gap(8).call('sched_getparam(101', ', [0])', 0);
      }),
    );
    assert.equal(metrics.cause, 'no-syscall');
    assert.match(evidence[0]?.text ?? '', /epoll_wait\(/);
  });

  it('is proved by the tenth file that it opened when it imports, and by that wait', async () => {
    const { metrics, evidence } = await stall(
      oneTurn(LENGTH, (worker) => {
        for (let file = 0; file < 11; file++)
          worker.gap(9).call(`openat(AT_FDCWD, "/app/m${file}.pyc", O_RDONLY|O_CLOEXEC`, ')', 30 + file);
      }),
    );
    assert.equal(metrics.cause, 'import');
    assert.match(evidence[0]?.text ?? '', /openat\(AT_FDCWD, "\/app\/m9\.pyc"/);
    assert.match(evidence.at(-1)?.text ?? '', /epoll_wait\(/);
  });

  const inPython = (worker: ThreadLines) =>
    worker.call('openat(AT_FDCWD, "/srv/app.pyc", O_RDONLY|O_CLOEXEC', ')', '21</srv/app.pyc>').close(21);

  it('is patched-thread-pool when the loop of a Python process starts a thread that is none', async () => {
    const threadIn = (before: (worker: ThreadLines) => void) =>
      stall(
        oneTurn(LENGTH, (worker) => {
          before(worker);
          worker.call('gettid(', ')', 101);
        }),
      );
    assert.equal((await threadIn(() => {})).metrics.cause, 'no-syscall');
    const { metrics, confidence, summary } = await threadIn(inPython);
    assert.deepEqual([metrics.cause, confidence], ['patched-thread-pool', 'possible']);
    assert.match(summary, /no native thread was started/);
  });

  it('may be the tracer where it prints stacks, unless one pause is far longer than a stack takes', async () => {
    const stack = ' > /usr/bin/python3.13(_PyEval_EvalFrameDefault+0x8f0) [0x10b7c0]';
    const withStacks = async (pauses: readonly number[], stacks: string) => {
      const trace = oneTurn(300, (worker) => {
        for (const pause of pauses) worker.gap(pause).call('getppid(', ')', 100);
      });
      const lines = trace.text().trimEnd().split('\n');
      const { severity, confidence, summary } = only(
        await analyzed(`${lines.map((line) => line + stacks).join('\n')}\n`),
        'loop-stall',
      );
      return [severity, confidence, /holds all threads while it prints a stack/.test(summary)];
    };
    const short = new Array<number>(7).fill(40);
    assert.deepEqual(await withStacks(short, `\n${stack}`), ['info', 'possible', true]);
    assert.deepEqual(await withStacks(short, ''), ['warning', 'likely', false]);
    assert.deepEqual(await withStacks([40, 200], `\n${stack}`), ['warning', 'likely', false]);
  });

  it('is no-syscall where the program asks for its thread in every request, to log it', async () => {
    const causes = async (asking: number) => {
      const { trace, worker } = oneWorker();
      inPython(worker);
      worker.waitUntil(20, LISTENER).serve(11, 'GET /a').call('gettid(', ')', 101).gap(150);
      for (let request = 0; request < 7; request++) {
        worker.waitUntil(300 + request * 20, LISTENER).serve(11, 'GET /a');
        if (request < asking) worker.call('gettid(', ')', 101);
      }
      worker.waitUntil(900);
      return (await stall(trace)).metrics.cause;
    };
    assert.deepEqual([await causes(2), await causes(3)], ['patched-thread-pool', 'no-syscall']);
  });

  it('is no-syscall when a native thread was started after all', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(20, LISTENER).serve(11, 'GET /a').call('gettid(', ')', 101);
    startThread(worker, 111);
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').gap(1500).waitUntil(3000);
    trace.thread(111).at(22).call('gettid(', ')', 111);
    assert.equal((await stall(trace)).metrics.cause, 'no-syscall');
  });

  it('is said to come after the reply only when the reply was sent before it', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').gap(170).waitUntil(1000);
    const after = await stall(trace);
    assert.deepEqual([after.metrics.afterReply, after.metrics.cause], [true, 'no-syscall']);
    assert.match(after.summary, /after its reply to GET \/a/);
    assert.equal((await stall(oneTurn(LENGTH))).metrics.afterReply, false);
  });

  it('is possibly patched-thread-pool for long work after the reply of a process without native threads', async () => {
    const after = async (before: (worker: ThreadLines) => void) => {
      const { trace, worker } = oneWorker();
      before(worker);
      worker.waitUntil(50, LISTENER).serve(11, 'GET /start').gap(1000).waitUntil(3000);
      return await stall(trace);
    };
    const { metrics, confidence } = await after(inPython);
    assert.deepEqual([metrics.cause, confidence], ['patched-thread-pool', 'possible']);
    assert.equal((await after(() => {})).metrics.cause, 'no-syscall');
  });
});

describe('the cause of a long turn that served many', () => {
  function crowd(requests: number, sameConnection: boolean): TraceLines {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11);
    for (let index = 0; index < requests; index++) {
      if (index > 0 && !sameConnection) worker.accept(11 + index);
      const fd = sameConnection ? 11 : 11 + index;
      worker
        .read(fd, `GET /${index}`)
        .gap(LENGTH / requests)
        .reply(fd);
    }
    worker.waitUntil(1000);
    return trace;
  }

  it('is many-requests from three on, when they came from several clients', async () => {
    assert.equal((await stall(crowd(2, false))).metrics.cause, 'no-syscall');
    const { metrics, summary } = await stall(crowd(3, false));
    assert.deepEqual([metrics.cause, metrics.call], ['many-requests', '']);
    assert.match(
      summary,
      /the worker served 3 requests in a row before the loop waited again, and none of them took most of that time/,
    );
  });

  it('is one-connection when one client had the next one ready each time', async () => {
    const { metrics, summary } = await stall(crowd(7, true));
    assert.equal(metrics.cause, 'one-connection');
    assert.match(summary, /the worker served 7 requests of one connection before the loop waited again/);
  });

  it('is the request that takes most of it, if there is one', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER);
    for (const fd of [11, 12, 13])
      worker
        .accept(fd)
        .read(fd, `GET /${fd}`)
        .gap(fd === 12 ? 170 : 15 - QUICK)
        .reply(fd)
        .close(fd);
    worker.waitUntil(1000);
    const { metrics } = await stall(trace);
    assert.deepEqual([metrics.cause, metrics.request], ['no-syscall', 'GET /12']);
  });
});

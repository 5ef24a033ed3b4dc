import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import type { ThreadLines } from '../support/thread-lines.ts';
import { TraceLines } from '../support/trace-lines.ts';

// The tracer comes while workers of a queue wait for a job, as those of sidekiq do: what they asked is not recorded.

const POP = '*3\\r\\n$5\\r\\nbrpop\\r\\n$1\\r\\nq\\r\\n$1\\r\\n2\\r\\n';
const GET = '*2\\r\\n$3\\r\\nGET\\r\\n$1\\r\\nq\\r\\n';
const JOB = '*2\\r\\n$1\\r\\nq\\r\\n$3\\r\\njob\\r\\n';

function worker(trace: TraceLines, pid: number): ThreadLines {
  const thread = trace.thread(pid).at(0);
  thread.labels.set(7, `TCP:[127.0.0.1:${50_000 + pid}->127.0.0.1:6379]`);
  return thread;
}

const polled = (thread: ThreadLines): string => `ppoll([{fd=${thread.fd(7)}, events=POLLIN}], 1, {tv_sec=7, tv_nsec=0}`;

/** It waits for `ms` for what it had asked before, then asks again and has its answer soon. */
function asksAgain(question: string, ms = 3000): TraceLines {
  const trace = new TraceLines();
  const thread = worker(trace, 101).call(polled(worker(trace, 101)), ', NULL, 8)', '1 ([{fd=7, revents=POLLIN}])', ms);
  thread.read(7, JOB).send(7, question).read(7, JOB, 300).at(8000).call('getpid(', ')', 101);
  return trace;
}

describe('a worker of a queue that had asked for a job before the capture', () => {
  it('waited for no slow service, as its next question on that connection tells', async () => {
    none(await analyzed(asksAgain(POP)), 'slow-dependency');
    const { metrics } = only(await analyzed(asksAgain(GET)), 'slow-dependency');
    const [row] = metrics.dependencies as readonly { longestMs: number }[];
    assert.equal(row?.longestMs, 3000);
  });

  it('is not stuck while it waits for the next one', async () => {
    const waits = (question: string): TraceLines => {
      const trace = new TraceLines();
      const thread = worker(trace, 101).send(7, question);
      thread.stays(polled(thread));
      trace.thread(104).at(5000).call('getpid(', ')', 104);
      return trace;
    };
    none(await analyzed(waits(POP)), 'stuck-call');
    only(await analyzed(waits(GET)), 'stuck-call');
  });

  it('is not stuck in its first wait, either, where another one is seen to wait for jobs of that broker', async () => {
    const waits = (question: string): TraceLines => {
      const trace = new TraceLines();
      const first = worker(trace, 101);
      first.stays(polled(first));
      const other = worker(trace, 103).send(7, question);
      other.stays(polled(other));
      trace.thread(104).at(5000).call('getpid(', ')', 104);
      return trace;
    };
    const report = await analyzed(waits(POP));
    none(report, 'stuck-call');
    none(report, 'slow-dependency');
    assert.equal(ofKind(await analyzed(waits(GET)), 'stuck-call').length, 2);
  });
});

describe('threads of one process', () => {
  it('are one process that waited, also where its number is known only after they did', async () => {
    const trace = new TraceLines();
    for (const tid of [103, 104]) {
      const thread = worker(trace, tid).send(7, GET).read(7, JOB, 3000);
      thread.call('getpid(', ')', 101);
    }
    trace.thread(101).at(7000).call('getpid(', ')', 101);
    const { title, workers } = only(await analyzed(trace), 'slow-dependency');
    assert.deepEqual([workers, title], [[101], 'Process 101 waited up to 3.00 s for 127.0.0.1:6379 (Redis)']);
  });
});

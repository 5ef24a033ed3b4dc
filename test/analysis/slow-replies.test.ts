import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { decide } from '../../src/analysis/verdict.ts';
import { analyzeFiles } from '../../src/index.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { analyzed } from '../support/analyzed.ts';
import { memoryInput } from '../support/memory-input.ts';
import { buildFinding, buildReport } from '../support/report-builder.ts';
import { connectTo, oneWorker, watch } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';

const CLONE = 'clone(child_stack=0x7f5a10, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD';

/** What is said of a loop that waited for work meanwhile. */
const FREE =
  ' Its event loop was free meanwhile: the request waited for a timer, for another thread, or for something that the ' +
  'capture does not show.';

/** A loop that reads three requests and answers each so many ms later, from another turn; then it serves small ones. */
function answeredAfter(ms: number, request = 'GET /mutex'): TraceLines {
  const { trace, worker } = oneWorker();
  for (let count = 0; count < 3; count++) {
    const begin = 50 + count * 2000;
    worker.waitUntil(begin, LISTENER).accept(11).read(11, request);
    watch(worker, 11);
    worker
      .waitUntil(begin + ms + count, 11)
      .reply(11)
      .close(11);
  }
  for (let count = 0; count < 7; count++) worker.waitUntil(6100 + count * 100, LISTENER).serve(12, 'GET /');
  worker.waitUntil(7000);
  return trace;
}

describe('requests that are answered late, and no check says why', () => {
  it('are no all-clear from a second on', async () => {
    const { findings, verdict, slowReplies } = await analyzed(answeredAfter(1001));
    assert.deepEqual(findings, []);
    assert.deepEqual([slowReplies?.count, slowReplies?.request], [3, 'GET /mutex']);
    assert.ok(Math.abs((slowReplies?.longestMs ?? 0) - 1003) < 1, `${slowReplies?.longestMs}`);
    assert.deepEqual(verdict, {
      severity: 'none',
      confidence: 'cannot-tell',
      text:
        'Cannot tell: no check explains why GET /mutex and 2 other requests had no reply for 1 s or more, the ' +
        `longest for 1.00 s.${FREE}`,
    });
  });

  // As of nginx with limit_req and of haproxy with maxconn of a server, of which the clients waited 2.0 and 2.7 s.
  it('were held by a proxy that read them long before it passed them on', async () => {
    const proxied = async (heldMs: number, answerMs: number): Promise<string> => {
      const { trace, worker } = oneWorker();
      for (let count = 0; count < 3; count++) {
        const begin = 50 + count * 3000;
        worker.waitUntil(begin, LISTENER).accept(11).read(11, `GET /d?${count}`);
        connectTo(worker.waitUntil(begin + heldMs), 20, 8080, 60_020 + count);
        worker.send(20, `GET /d?${count} HTTP/1.1\\r\\nHost: b\\r\\n\\r\\n`);
        worker
          .waitUntil(begin + heldMs + answerMs, 20)
          .read(20, 'HTTP/1.1 200 OK\\r\\n\\r\\n')
          .close(20);
        worker.reply(11).close(11);
      }
      return (await analyzed(trace)).verdict.text;
    };
    assert.match(
      await proxied(1200, 20),
      / GET \/d and 2 other requests .* for 1\.22 s\. This server read that request 1\.20 s before it asked 10\.0\.0\.7:8080: a limit /,
    );
    assert.doesNotMatch(await proxied(500, 520), /before it asked/);
    assert.doesNotMatch(await proxied(3, 1200), /before it asked/);
  });

  it('are those that took longer than clients wait, which whoever runs drover knows', async () => {
    const said = async (ms: number, timeoutMs: number): Promise<string> =>
      (await analyzed(answeredAfter(ms), {}, { thresholds: { 'client-timeout-ms': timeoutMs } })).verdict.text;
    assert.match(
      await said(301, 300),
      / GET \/mutex and 2 other requests had no reply for 300 ms or more, the longest for 303 ms\. Its/,
    );
    assert.match(
      await said(1501, 1500),
      / GET \/mutex and 2 other requests had no reply for 1\.5 s or more, the longest for 1\.50 s\. Its/,
    );
    assert.doesNotMatch(await said(1001, 2000), /no reply/);
  });

  it('are said beside a stall that is much shorter, and not beside one about as long', async () => {
    const beside = async (ms: number): Promise<string> => {
      const trace = answeredAfter(1001);
      trace.thread(101).waitUntil(7100, LISTENER).accept(13).read(13, 'GET /short').gap(ms).reply(13).close(13);
      trace.thread(101).waitUntil(9000);
      return (await analyzed(trace)).verdict.text;
    };
    assert.match(
      await beside(151),
      /^Likely: GET \/short holds .* 151 ms: .*\. Not explained: GET \/mutex and 2 other requests had no reply for 1 s or more, the longest for 1\.00 s$/,
    );
    assert.match(await beside(701), /^Likely: GET \/short holds worker 101 for 701 ms: computes, or waits for a CPU$/);
  });

  it('of a statement are counted first, and the statement stands behind', async () => {
    const said = (count: number) =>
      decide(
        [buildFinding({ kind: 'clients-refused', title: '11 of 20 clients refused' })],
        buildReport().quality,
        {},
        [],
        buildReport().window,
        { slowReplies: { count, leastMs: 1000, longestMs: 2540, request: 'begin; update branches set b = ?' } },
      ).text;
    assert.match(
      said(4),
      /Not explained: 4 requests had no reply for 1 s or more, the longest for 2\.54 s \(begin; update branches set b = \?\)$/,
    );
    assert.match(said(1), /Not explained: 1 request had no reply for 2\.54 s \(begin; update branches set b = \?\)$/);
  });

  it('are said also where stalls cannot be judged, as beside a process that uses io_uring', async () => {
    const trace = answeredAfter(1001);
    trace.thread(900).at(10).call('io_uring_enter(6, 1, 1, IORING_ENTER_GETEVENTS, NULL, 8', ')', 1);
    const { verdict } = await analyzed(trace);
    assert.match(
      verdict.text,
      /^Cannot tell: .* The capture shows: GET \/mutex and 2 other requests had no reply for 1 s or more, the longest for 1\.00 s\.$/,
    );
  });

  it('are no all-clear in a report on a capture that goes on, while they still wait', async () => {
    const { trace, worker } = oneWorker();
    for (let count = 0; count < 7; count++) worker.waitUntil(50 + count * 100, LISTENER).serve(12, 'GET /');
    worker.waitUntil(800, LISTENER).accept(11).read(11, 'GET /mutex');
    watch(worker, 11);
    for (let count = 0; count < 97; count++) worker.waitUntil(1000 + count * 40, LISTENER).serve(12, 'GET /');
    const input = memoryInput('trace', trace.text(), { chunkBytes: 512 });
    let last: Report | null = null;
    const progress = (at: { readonly snapshot: () => Report }): void => {
      last = at.snapshot();
    };
    const set = { kind: 'live', paths: ['trace'], inputs: [input], leftOut: [], notices: [] } as const;
    const { slowReplies } = await analyzeInputs(set, {}, { progress });
    const soFar = (last as Report | null)?.slowReplies;
    assert.deepEqual([soFar?.count, soFar?.request], [1, 'GET /mutex']);
    assert.deepEqual([slowReplies?.count, slowReplies?.request], [1, 'GET /mutex']);
  });

  it('are nothing below, nor where no line tells what was asked', async () => {
    for (const trace of [answeredAfter(997), answeredAfter(1001, '\\1\\2\\3\\4\\5')]) {
      const { verdict, slowReplies } = await analyzed(trace);
      assert.equal(slowReplies, undefined);
      assert.match(verdict.text, /^No herd, stall or hang-up found/);
    }
  });

  it('are explained by the service that they waited for', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /report');
    connectTo(worker, 12, 3306);
    watch(worker, 12);
    worker.waitUntil(52, 12).send(12, '\\22\\0\\0\\0\\3SELECT SLEEP(4)').waitUntil(1300, 12);
    worker.read(12, '\\1\\0\\0\\1\\1').reply(11).close(11).waitUntil(2500);
    const { findings, verdict, slowReplies } = await analyzed(trace);
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ['slow-dependency'],
    );
    assert.equal(slowReplies?.count, 1);
    assert.match(verdict.text, /GET \/report|10\.0\.0\.7:3306/);
    assert.doesNotMatch(verdict.text, /no check explains/);
  });

  it('name the statement of a database, without its values', async () => {
    const statement = 'Q\\0\\0\\0-SELECT name FROM people WHERE secret = 4711\\0';
    const { slowReplies, findings } = await analyzed(answeredAfter(1500, statement));
    assert.equal(slowReplies?.request, 'SELECT name FROM people WHERE secret = ?');
    assert.deepEqual(findings, []);
  });

  it('are counted from the last that was read: what a client takes for the rest of it is its own time', async () => {
    const after = async (ms: number): Promise<number> => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).accept(11).read(11, 'POST /a HTTP/1.1\\r\\nContent-Length: 999\\r\\n\\r\\n');
      for (const at of [800, 1_600]) worker.waitUntil(at, 11).read(11, 'part');
      worker
        .waitUntil(1_600 + ms)
        .reply(11)
        .close(11)
        .waitUntil(4_000);
      return (await analyzed(trace)).slowReplies?.count ?? 0;
    };
    assert.deepEqual([await after(900), await after(1_100)], [0, 1]);
  });

  it('are counted, too, when they were still waiting at the end of the capture', async () => {
    const { trace, worker } = oneWorker();
    for (let count = 0; count < 3; count++) worker.waitUntil(50 + count * 50, LISTENER).serve(12, 'GET /');
    worker.waitUntil(300, LISTENER).accept(11).read(11, 'GET /hangs').waitUntil(3_300);
    const { verdict } = await analyzed(trace);
    assert.equal(verdict.text, `Cannot tell: no check explains why GET /hangs had no reply for 3.00 s.${FREE}`);
  });

  it('name a call that took as long, on whichever thread', async () => {
    const { trace, worker } = oneWorker();
    worker.call(CLONE, ', child_tidptr=0x7f5a50)', 131);
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /file');
    trace.thread(131).at(60).call('openat(AT_FDCWD, "/srv/pipe", O_RDONLY', ')', '12', 1_200);
    worker.waitUntil(1_300).reply(11).close(11).waitUntil(2_000);
    const { verdict } = await analyzed(trace);
    assert.match(
      verdict.text,
      /no check explains why GET \/file had no reply for 1\.25 s\. Meanwhile a call of openat .*took 1\.20 s\.$/,
    );
  });

  it('name a service that was waited for as long, where another thread asks it for all of them', async () => {
    const waited = async (ms: number): Promise<string> => {
      const { trace, worker } = oneWorker();
      worker.call(CLONE, ', child_tidptr=0x7f5a50)', 131);
      worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /up');
      const asking = trace.thread(131).at(60);
      connectTo(asking, 30, 8_080).send(30, 'GET /wait HTTP/1.1\\r\\n\\r\\n');
      asking.epollWait(9, ms, [30]).read(30, 'HTTP/1.1 200 OK\\r\\n\\r\\n');
      worker.waitUntil(1_300).reply(11).close(11).waitUntil(2_000);
      return (await analyzed(trace)).verdict.text;
    };
    assert.match(
      await waited(1_200),
      /GET \/up had no reply for 1\.25 s\. Meanwhile a wait for 10\.0\.0\.7:8080 took 1\.20 s\.$/,
    );
    assert.match(await waited(300), /GET \/up had no reply for 1\.25 s\. Its event loop was free meanwhile/);
  });

  it('are not explained by a thread that may be idle in the call in which the capture ends', async () => {
    const trace = answeredAfter(1500);
    trace.thread(200).at(0).stays('futex(0x7f00, FUTEX_WAIT, 4711, NULL');
    const { findings, verdict } = await analyzed(trace);
    assert.deepEqual(
      findings.map(({ kind, confidence }) => [kind, confidence]),
      [['stuck-call', 'possible']],
    );
    assert.match(
      verdict.text,
      /no check explains why GET \/mutex and 2 other requests .*The capture shows: Pid 200 waits in futex/,
    );
  });

  it('are not said to be shown by a herd, for which no request waits', async () => {
    const { findings, verdict } = await analyzeFiles(['samples/heartbeat-late/healthy/trace.strace.gz']);
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ['thundering-herd'],
    );
    assert.match(
      verdict.text,
      /^Cannot tell: no check explains why GET \/nap\/9\.0 and 3 other requests .* for 9\.00 s\. Its event loop was free meanwhile: /,
    );
  });

  it('are explained by a pool that other requests held: each waits as long as several of those together', async () => {
    const { findings, verdict, slowReplies } = await analyzeFiles([
      'samples/servers/waitress-exhausted/trace.strace.gz',
    ]);
    assert.ok((slowReplies?.longestMs ?? 0) > 3000);
    assert.deepEqual(
      findings.filter(({ severity }) => severity !== 'info').map(({ kind, effectOf }) => [kind, effectOf !== null]),
      [
        ['slow-dependency', false],
        ['worker-saturation', true],
      ],
    );
    assert.match(verdict.text, /^Likely: GET \/up waited up to 1\.51 s for 127\.0\.0\.1:18081 \(HTTP\) \(16x\)$/);
  });

  it('do not show what stands in a query', async () => {
    const { verdict } = await analyzed(answeredAfter(1500, 'GET /a?token=s3cr3t'));
    assert.match(verdict.text, / GET \/a and 2 other requests had no reply /);
  });
});

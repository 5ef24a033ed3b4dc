import assert from 'node:assert/strict';
import test from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import type { OpenEnds } from '../../src/pipeline/progress.ts';
import type { TraceInput } from '../../src/sources/trace-input.ts';
import { prefork } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import { ORIGIN_SECONDS } from '../support/trace-lines.ts';

/** What a capture at work is asked for while it is read: who is away from its wait, from what is known of now. */
const SLEEP = 'clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=5, tv_nsec=0}, ';

/** Two workers; the first one goes to sleep in a request at 1,013 ms until 6,013 ms. Until then those `busy` serve. */
function sleeper(busy: readonly number[] = [101, 103]): string {
  const { trace, workers } = prefork([101, 103]);
  const [first, second] = workers;
  if (first === undefined || second === undefined) throw new Error('two workers');
  for (const [index, worker] of workers.entries())
    if (busy.includes(index === 0 ? 101 : 103))
      for (let at = 50 + 7 * index; at < 1_000; at += 100) worker.waitUntil(at, LISTENER).serve(11, 'GET /');
  first.waitUntil(1_013, LISTENER).accept(11).read(11, 'GET /hang').call(SLEEP, 'NULL)', 0, 5_000).reply(11).close(11);
  first.waitUntil(9_000);
  for (let at = 1_107; at < 9_000; at += 100) second.waitUntil(at, LISTENER).serve(11, 'GET /');
  // As every capture of drover's ends.
  return trace.text() + look(101, 'epoll_wait', 9_000, 500) + look(103, 'epoll_wait', 9_000, 0);
}

/** A look at a thread, at `ms` of the trace, which has found the same for `forMs`. */
function look(pid: number, call: string, ms: number, forMs: number): string {
  const stamp = (ORIGIN_SECONDS + ms / 1_000).toFixed(6);
  return (
    `strace: drover: event=seen ts=${stamp} for=${forMs * 1e6} pid=${pid} tid=${pid} parent=100 call=${call} ` +
    'ran=0 comm=gunicorn\n'
  );
}

interface Asked {
  /** What was read by then: everything up to so many milliseconds. */
  readonly readTo: number;
  readonly lines: string;
  /** How long before the look the first worker was seen elsewhere, in milliseconds. */
  readonly elsewhere?: number;
}

/** What goes on, and the report at the end of the capture. */
async function ask(text: string, { readTo, lines, elsewhere }: Asked): Promise<{ open: Report; end: Report }> {
  const stamp = (ORIGIN_SECONDS + readTo / 1_000).toFixed(6);
  const all = text.split(/(?<=\n)/);
  const cut = all.findIndex((line) => (/ (\d+\.\d{6}) /.exec(line)?.[1] ?? '') > stamp);
  const parts = [all.slice(0, cut), all.slice(cut)].map((part) => Buffer.from(part.join('')));
  const input: TraceInput = {
    name: 'trace.strace',
    sizeBytes: null,
    bytesRead: 0,
    rereadable: false,
    headBytes: 64,
    diagnostics: [],
    async *chunks() {
      yield* parts;
    },
  };
  const ends: OpenEnds = {
    lines,
    elsewhere: new Map(elsewhere === undefined ? [] : [[101, elsewhere * 1e6] as const]),
  };
  let open: Report | null = null;
  const set = { kind: 'live', paths: ['trace.strace'], inputs: [input], leftOut: [], notices: [] } as const;
  const end = await analyzeInputs(
    set,
    { goesOn: true },
    {
      progress(progress) {
        open ??= progress.open(ends);
      },
    },
  );
  assert.ok(open !== null);
  return { open, end };
}

const titles = ({ findings }: Report): readonly string[] =>
  findings.map(({ severity, title }) => `${severity} ${title}`);

test('a call that has not come back is a stall that goes on, by the last look; other workers have none', async () => {
  const lines = look(101, 'clock_nanosleep', 3_500, 2_000) + look(103, 'epoll_wait', 3_500, 0);
  const { open } = await ask(sleeper(), { readTo: 3_550, lines, elsewhere: 3_000 });
  const [stall] = open.findings;
  assert.equal(stall?.kind, 'loop-stall');
  assert.equal(stall.severity, 'critical');
  assert.equal(stall.openEnded, true);
  assert.deepEqual(stall.workers, [101]);
  // Up to the look at 3,500 ms.
  assert.match(stall.title, /^GET \/hang holds worker 101 at least 2\.49 s: sleeps/);
});

test('the first turn of a worker since the tracer came is a stall as any other', async () => {
  const lines = look(101, 'clock_nanosleep', 3_500, 2_000) + look(103, 'epoll_wait', 3_500, 0);
  const { open, end } = await ask(sleeper([103]), { readTo: 3_550, lines, elsewhere: 3_000 });
  assert.match(titles(open).join('\n'), /^critical GET \/hang holds worker 101 at least 2\.49 s: sleeps/);
  const { end: unasked } = await ask(sleeper([103]), { readTo: 40, lines: '' });
  assert.deepEqual(end, unasked);
});

test('nothing of what is asked for meanwhile stays: the report at the end is that of the whole capture', async () => {
  const lines = look(101, 'clock_nanosleep', 3_500, 2_000) + look(103, 'epoll_wait', 3_500, 0);
  const { end } = await ask(sleeper(), { readTo: 3_550, lines, elsewhere: 3_000 });
  const { end: unasked } = await ask(sleeper(), { readTo: 40, lines: '' });
  assert.deepEqual(end, unasked);
  assert.match(titles(end).join('\n'), /GET \/hang holds worker 101 (?:for )?5\.00 s/);
});

test('who is back in its wait at the last look is not stuck, whatever was read of it so far', async () => {
  const lines = look(101, 'epoll_wait', 7_000, 500) + look(103, 'epoll_wait', 7_000, 0);
  const { open } = await ask(sleeper(), { readTo: 3_550, lines, elsewhere: 1_000 });
  assert.deepEqual(titles(open), []);
});

test('a reader that lags behind does not make a turn longer than the looks say', async () => {
  // Read up to 1,200 ms; a look at 5,900 ms found the worker in no call since 4,900 ms, and elsewhere at 4,800 ms.
  const lines = look(101, '-', 5_900, 1_000) + look(103, 'epoll_wait', 5_900, 0);
  const { open } = await ask(sleeper(), { readTo: 1_200, lines, elsewhere: 1_100 });
  assert.deepEqual(
    open.findings.map(({ title }) => /at least \S+ m?s/.exec(title)?.[0]),
    ['at least 1.00 s'],
  );
});

test('a worker that was seen in one thing for a moment is left to the report that comes when it is over', async () => {
  const lines = look(101, 'clock_nanosleep', 1_300, 100) + look(103, 'epoll_wait', 1_300, 0);
  const { open } = await ask(sleeper(), { readTo: 1_320, lines, elsewhere: 1_000 });
  assert.deepEqual(titles(open), []);
});

/** Sync workers 101 and 103 serve one request of 503 ms after the other, from 50 ms on. */
function busy(): string {
  const lines: (readonly [number, string])[] = [];
  for (const [index, pid] of [101, 103].entries())
    for (let begin = 50 + 7 * index; begin < 9_000; begin += 510) {
      const add = (after: number, call: string): number => {
        const ms = begin + after;
        return lines.push([ms, `${pid} ${(ORIGIN_SECONDS + ms / 1_000).toFixed(6)} ${call}\n`]);
      };
      add(-3, `pselect6(7, [${LISTENING}], NULL, NULL, {tv_sec=1}, NULL) = 1 (in [5]) <0.002000>`);
      add(0, `accept4(${LISTENING}, {sa_family=AF_INET}, [16], SOCK_CLOEXEC) = 9<socket:[77]> <0.000020>`);
      add(0.1, 'recvfrom(9<socket:[77]>, "GET /a HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 19 <0.000010>');
      add(0.2, 'poll([{fd=11, events=POLLIN}], 1, 60000) = 1 ([{fd=11, revents=POLLIN}]) <0.501000>');
      add(502, 'sendto(9<socket:[77]>, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19 <0.000020>');
      add(503, 'close(9<socket:[77]>) = 0 <0.000010>');
    }
  return lines
    .toSorted(([a], [b]) => a - b)
    .map(([, line]) => line)
    .join('');
}
const LISTENING = '5<TCP:[127.0.0.1:8000]>';

test('what was not read yet may have answered the request: it is no older than the looks say', async () => {
  const openOf = async (readTo: number): Promise<readonly string[]> => {
    const lines = look(101, '-', 3_400, 0);
    const { open } = await ask(busy() + lines, { readTo, lines, elsewhere: 1_000 });
    return open.findings.filter(({ openEnded }) => openEnded).map(({ title }) => title);
  };
  // Its request began at 1,580 ms, and was answered at 2,082 ms.
  assert.deepEqual(await openOf(1_900), []);
  assert.deepEqual(await openOf(3_399), []);
});

test('a request that is not answered is as old as the looks say where the reader lags behind', async () => {
  const lines = look(101, '-', 3_400, 1_700).replace('ran=0', 'ran=1700000000');
  const { open } = await ask(busy() + lines, { readTo: 1_600, lines, elsewhere: 2_700 });
  assert.match(titles(open).join('\n'), /warning GET \/a holds worker 101 at least 1\.[678]\d? s/);
});

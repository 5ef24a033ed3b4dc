import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { openFile, openModules } from '../support/loading.ts';
import { oneWorker, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import type { TraceLines } from '../support/trace-lines.ts';
import { oneTurn } from '../support/turns.ts';

const KIND = 'lazy-import';

/** A request that does something between its first byte and its answer. */
function request(inside: (worker: ThreadLines) => void): TraceLines {
  return oneTurn(900, inside, 'GET /lazy');
}

function module(worker: ThreadLines, number: number): ThreadLines {
  return openFile(worker, `/usr/lib/python3/dist-packages/pandas/__pycache__/m${number}.cpython-311.pyc`);
}

/** Opens so many modules, the last one `ms` after the first began. */
function spread(count: number, ms: number): (worker: ThreadLines) => void {
  return (worker) => {
    const begin = worker.now;
    for (let index = 0; index < count; index++) {
      if (index > 0) worker.at(begin + (ms * index) / (count - 1) - (index === count - 1 ? 0.02 : 0));
      module(worker, index);
    }
  };
}

describe('imports on the way of a request', () => {
  it('are told from 50 ms on', async () => {
    assert.match(none(await analyzed(request(spread(3, 49.9))), KIND), /^1 request, 3 modules/);
    const { metrics, severity, title, summary, evidence } = only(await analyzed(request(spread(3, 50))), KIND);
    assert.equal(severity, 'warning');
    assert.equal(title, 'GET /lazy imported 3 modules in 50 ms before its reply');
    assert.match(summary, /^Worker 101 opened 3 modules \(pandas\) for GET \/lazy in at least 50 ms/);
    const [first] = metrics.requests as unknown as Record<string, unknown>[];
    assert.deepEqual(
      [first?.pid, first?.request, first?.modules, first?.importMs, first?.first],
      [101, 'GET /lazy', 3, 50, true],
    );
    assert.match(evidence[0]?.text ?? '', /m0\.cpython/);
    assert.match(evidence[1]?.text ?? '', /m2\.cpython/);
  });

  it('are told from 21 modules on, however quick', async () => {
    none(await analyzed(request((worker) => openModules(worker, 20))), KIND);
    assert.equal(only(await analyzed(request((worker) => openModules(worker, 21))), KIND).metrics.count, 1);
  });

  it('take the time from one module to the next, and not what goes on for 50 ms or more in between', async () => {
    const paused = (ms: number) =>
      request((worker) => {
        spread(7, 60)(worker);
        module(worker.gap(ms), 7);
      });
    assert.equal(only(await analyzed(paused(49.5)), KIND).metrics.longestMs, 60 + 49.5 + 0.02);
    assert.equal(only(await analyzed(paused(50)), KIND).metrics.longestMs, 60 + 0.02);
  });

  it('take no time while the worker waits for somebody else', async () => {
    const trace = request((worker) => {
      for (let index = 0; index < 7; index++)
        module(worker, index).call('nanosleep({tv_sec=0, tv_nsec=30000000}, NULL', ')', 0, 30);
    });
    none(await analyzed(trace), KIND);
  });

  it('count for the request that is not answered, once each', async () => {
    const { trace, worker } = oneWorker();
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /quick').reply(11);
    openModules(worker, 97).close(11);
    worker.waitUntil(1000);
    openModules(worker, 89);
    worker.waitUntil(2000, LISTENER).accept(11).read(11, 'GET /twice');
    for (let index = 0; index < 53; index++) openFile(worker, '/srv/shop/a.py');
    worker.reply(11).close(11).waitUntil(3000);
    assert.match(none(await analyzed(trace), KIND), /^2 requests, 1 module/);
  });

  it('are listed by worker, the longest first', async () => {
    const { trace, workers } = prefork([101, 102, 103]);
    for (const [index, worker] of workers.entries()) {
      worker
        .waitUntil(100 + index * 300, LISTENER)
        .accept(11)
        .read(11, `GET /${index}`);
      spread(5 + index, 60 + index)(worker);
      worker.reply(11).close(11).waitUntil(2000);
    }
    const { metrics, workers: pids, title } = only(await analyzed(trace), KIND);
    assert.deepEqual(pids, [103, 102, 101]);
    assert.equal(metrics.count, 3);
    assert.equal(title, 'GET /2 imported 7 modules in 62 ms before its reply (3 requests)');
  });

  it('are counted when there are more requests than are kept', async () => {
    const { trace, worker } = oneWorker();
    for (let index = 0; index < 71; index++) {
      worker
        .waitUntil(100 + index * 200, LISTENER)
        .accept(11)
        .read(11, 'GET /a');
      openModules(worker, 23).reply(11).close(11);
    }
    worker.waitUntil(20_000);
    const { metrics } = only(await analyzed(trace), KIND);
    assert.equal(metrics.count, 71);
    assert.equal((metrics.requests as unknown[]).length, 20);
  });

  it('are seen in a pool thread whose process is not known', async () => {
    const lines = ['accept4(5<socket:[1]>, NULL, NULL, SOCK_CLOEXEC) = 9<socket:[2]> <0.000003>'];
    const pool = ['recvfrom(9<socket:[2]>, "GET /a HTTP/1.1\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 20 <0.000003>'];
    for (let index = 0; index < 23; index++)
      pool.push(`openat(AT_FDCWD, "/srv/m${index}.py", O_RDONLY) = 10</srv/m${index}.py> <0.000003>`);
    pool.push('sendto(9<socket:[2]>, "HTTP/1.1 200 OK", 15, 0, NULL, 0) = 15 <0.000003>');
    const stamp = (tid: number, at: number): string => `${tid}   ${(1_795_140_800 + at / 1000).toFixed(6)}`;
    const text = [
      ...lines.map((line) => `${stamp(101, 0)} ${line}`),
      ...pool.map((line, index) => `${stamp(101, index + 1)} ${line}`),
    ];
    const attached = [
      ...lines.map((line) => `${stamp(101, 0)} ${line}`),
      ...pool.map((line, index) => `${stamp(102, index + 1)} ${line}`),
    ];
    assert.equal(only(await analyzed(`${text.join('\n')}\n`), KIND).metrics.count, 1);
    assert.equal(only(await analyzed(`${attached.join('\n')}\n`), KIND).metrics.count, 1);
  });

  it('are no matter of servers that serve files', async () => {
    const { trace, workers } = prefork([101], { argv: ['nginx', '-g', 'daemon off;'] });
    const [worker] = workers as [ThreadLines];
    worker.waitUntil(50, LISTENER).accept(11).read(11, 'GET /a.js');
    for (let index = 0; index < 31; index++) openFile(worker, `/var/www/${index}.js`);
    worker.reply(11).close(11).waitUntil(1000);
    none(await analyzed(trace), KIND);
  });

  it('have a title of at most 78 characters, however long the request', async () => {
    const trace = oneTurn(900, (worker) => openModules(worker, 21), `GET /${'x'.repeat(300)}`);
    const { title } = only(await analyzed(trace), KIND);
    assert.match(title, /^GET \/x+\.\.\. imported 21 modules in \d+ ms before its reply$/);
    assert.ok(title.length <= 78);
  });

  it('are advised for the language: OPcache for PHP', async () => {
    const trace = request((worker) => {
      for (let index = 0; index < 31; index++) openFile(worker, `/srv/shop/${index}.php`);
    });
    assert.match(only(await analyzed(trace), KIND).next[0]?.text ?? '', /OPcache/);
    assert.match(
      only(await analyzed(request(spread(3, 60))), KIND).next[0]?.text ?? '',
      /^Import pandas where the application starts/,
    );
  });

  it('cannot be seen where open calls were left out, and are possible without times', async () => {
    const lines = 'accept4(5<socket:[1]>, NULL, NULL, 0) = 9<socket:[2]> <0.000003>';
    const filtered = await analyzed(`101   1795140800.100000 ${lines}\n`);
    assert.equal(filtered.outcomes[KIND]?.status, 'not-applicable');
    assert.equal(
      only(
        await analyzed(
          request((worker) => openModules(worker, 21)),
          { stamps: 'none', durations: false },
        ),
        KIND,
      ).confidence,
      'possible',
    );
  });
});

it('libraries that a database loads for a statement are no imports', async () => {
  const statement = 'Q\\x00\\x00\\x00\\x1fSELECT * FROM orders WHERE id = 7\\x00';
  none(await analyzed(oneTurn(900, (worker) => openModules(worker, 21), statement)), KIND);
});

it('the metrics of imports are those of their trace', async () => {
  const { metrics } = only(await analyzed(request(spread(3, 53))), KIND);
  assert.deepEqual(metrics, {
    count: 1,
    totalMs: 53,
    longestMs: 53,
    requests: [
      {
        pid: 101,
        request: 'GET /lazy',
        modules: 3,
        importMs: 53,
        correctedMs: 53,
        // Accept and read take 0.02 ms each after the wake-up at 50 ms.
        atMs: 50.04,
        packages: ['pandas'],
        first: true,
      },
    ],
  });
});

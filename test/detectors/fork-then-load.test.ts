import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding, Report } from '../../src/analysis/report.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { hex, mapMemory, openFile, openModules, parentOf, startWorker } from '../support/loading.ts';
import { fork } from '../support/server-lines.ts';
import type { ThreadLines } from '../support/thread-lines.ts';

const KIND = 'fork-then-load';
const MB = 1_000_000;

/** Workers of one parent that each do something between fork and first accept. */
async function workers(...loads: readonly ((worker: ThreadLines) => void)[]): Promise<Report> {
  const { trace, parent } = parentOf();
  for (const [index, load] of loads.entries()) startWorker(trace, parent, 101 + index, load);
  return analyzed(trace);
}

async function both(load: (worker: ThreadLines) => void): Promise<Report> {
  return workers(load, load);
}

/** The private memory of a worker that loads a module and calls these. */
async function privateBytes(calls: (worker: ThreadLines) => void): Promise<number> {
  const report = await both((worker) => {
    openModules(worker, 1);
    mapMemory(worker, 0x7f0000000000, 16 * MB);
    calls(worker);
  });
  return (only(report, KIND).metrics.workers as unknown as { privateBytes: number }[])[0]?.privateBytes ?? -1;
}

function texts({ next }: Finding): string {
  return next.map(({ text, command = '', caveat = '' }) => `${text} ${command} ${caveat}`).join('\n');
}

describe('workers that load after their fork', () => {
  it('are told from 100 modules on', async () => {
    assert.match(
      none(await both((worker) => openModules(worker, 99)), KIND),
      /^2 forked workers, 99 modules opened by one/,
    );
    const { metrics, severity, evidence, title } = only(await both((worker) => openModules(worker, 100)), KIND);
    assert.equal(severity, 'warning');
    assert.equal(title, '2 workers load 100 modules after the fork');
    assert.deepEqual(
      (metrics.workers as unknown as { pid: number; modules: number; privateBytes: null }[]).map(
        ({ pid, modules, privateBytes: bytes }) => [pid, modules, bytes],
      ),
      [
        [101, 100, null],
        [102, 100, null],
      ],
    );
    assert.deepEqual([metrics.sharedModules, metrics.savedBytes, metrics.replaced], [100, null, 0]);
    assert.match(evidence[0]?.text ?? '', /m0\.cpython/);
  });

  it('are told with a single module and 16 MB of memory', async () => {
    const load = (bytes: number) => (worker: ThreadLines) => mapMemory(openModules(worker, 1), 0x7f0000000000, bytes);
    none(await both(load(16 * MB - 1)), KIND);
    const { metrics, title } = only(await both(load(16 * MB)), KIND);
    assert.equal(metrics.savedBytes, 16 * MB);
    assert.equal(title, '2 workers load 1 module after the fork, 16 MB each');
    none(await both((worker) => mapMemory(worker, 0x7f0000000000, 17 * MB)), KIND);
  });

  it('load from the first module to the first accept', async () => {
    const { metrics } = only(await both((worker) => openModules(worker.gap(10), 101)), KIND);
    assert.equal(metrics.loadMs, 89);
  });

  it('load what their parent had not: a preloaded application is quiet', async () => {
    const { trace, parent } = parentOf();
    mapMemory(openModules(parent, 101), 0x7f0000000000, 40 * MB);
    for (const pid of [101, 102, 103]) startWorker(trace, parent, pid, (worker) => openModules(worker, 13));
    assert.match(none(await analyzed(trace), KIND), /3 forked workers, 13 modules/);
  });

  it('have loaded the same application when they share 0.8 of the modules of both', async () => {
    const other = (count: number) => (worker: ThreadLines) =>
      openModules(openModules(worker, count, '/srv/a'), 200 - count, '/srv/b');
    // 180 of 220, then 176 of 224.
    const first = (count: number) => (worker: ThreadLines) =>
      openModules(openModules(worker, count, '/srv/a'), 200 - count, '/srv/c');
    assert.equal(only(await workers(first(180), other(180)), KIND).metrics.sharedModules, 180);
    none(await workers(first(176), other(176)), KIND);
  });

  it('count a module once: source, compiled file, and a file opened twice', async () => {
    const report = await both((worker) => {
      openModules(worker, 99);
      openFile(worker, '/srv/shop/m7.py');
      openFile(worker, '/srv/shop/__pycache__/m8.cpython-311.pyc');
      openFile(worker, '/srv/shop/data.json');
      openFile(worker, '/srv/shop/lib.so.1.2');
    });
    assert.equal(only(report, KIND).metrics.sharedModules, 100);
  });

  it('are no finding when there is one of them', async () => {
    assert.match(none(await workers((worker) => openModules(worker, 101)), KIND), /^1 forked worker, 101 modules/);
  });

  it('that replace one that ended load again: that is told, and nothing is saved by sharing', async () => {
    const { trace, parent } = parentOf();
    for (const pid of [101, 102, 103]) {
      startWorker(trace, parent, pid, (worker) => openModules(worker, 101))
        .gap(100)
        .exits();
      parent.gap(500);
    }
    const finding = only(await analyzed(trace), KIND);
    assert.deepEqual(
      [finding.severity, finding.metrics.count, finding.metrics.mostAlive, finding.metrics.replaced],
      ['info', 3, 1, 2],
    );
    assert.match(finding.summary, /2 of these workers replaced one that had ended/);
    assert.match(texts(finding), /max_requests_jitter/);
  });

  it('are said to replace one that had ended from the first that does on', async () => {
    assert.doesNotMatch(only(await both((worker) => openModules(worker, 101)), KIND).summary, /replaced/);
    const { trace, parent } = parentOf();
    for (const pid of [101, 102]) {
      const worker = startWorker(trace, parent, pid, (each) => openModules(each, 101)).gap(100);
      if (pid === 101) worker.exits();
      parent.gap(500);
    }
    const { metrics, summary } = only(await analyzed(trace), KIND);
    assert.deepEqual([metrics.mostAlive, metrics.replaced], [1, 1]);
    assert.match(summary, / 1 of these workers replaced one that had ended: the load comes back with each\./);
  });

  it('that run a program of their own share nothing in any case', async () => {
    const report = await both((worker) => {
      worker.call('execve("/usr/bin/node", ["node", "app.js"], 0x7ffd /* 9 vars */', ')', 0);
      openModules(worker, 101);
    });
    none(report, KIND);
    assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
    assert.match(report.outcomes[KIND]?.reason ?? '', /program of their own/);
  });

  it('cannot be judged from a capture that was attached, or shows no open calls', async () => {
    const late = await analyzed(
      '101   1795140800.100000 accept4(5<socket:[1]>, NULL, NULL, 0) = -1 EAGAIN (Resource) <0.000003>\n',
    );
    assert.deepEqual(late.outcomes[KIND]?.status, 'not-applicable');
    assert.match(late.outcomes[KIND]?.reason ?? '', /Record from the start: strace -f/);
    // A parent that forks nobody, and one whose child never gets ready.
    assert.match(none(await analyzed(parentOf().trace), KIND), /^No worker was forked while it was traced\./);
    const { trace, parent } = parentOf();
    fork(parent, 101);
    openModules(trace.thread(101).at(parent.now), 100);
    assert.match(none(await analyzed(trace), KIND), /^No forked process got ready to accept while it was traced;/);
    const filtered = await both(() => {});
    assert.match(filtered.outcomes[KIND]?.reason ?? '', /no open calls/);
  });

  it('are advised for the server that they run', async () => {
    const advised = async (argv: readonly string[]): Promise<string> => {
      const { trace, parent } = parentOf(argv);
      for (const pid of [101, 102]) startWorker(trace, parent, pid, (worker) => openModules(worker, 101));
      return texts(only(await analyzed(trace), KIND));
    };
    assert.match(
      await advised(['gunicorn', '-k', 'gevent', 'app:app']),
      /preload_app = True.*\bpost_fork\b.*HUP no longer.*gevent patch[^]*gc\.freeze/,
    );
    assert.match(await advised(['puma', '-w', '2']), /preload_app! in puma\.rb/);
    assert.match(await advised(['uwsgi', '--lazy-apps']), /take lazy-apps/);
    assert.match(await advised(['my-server']), /in the parent, before it forks/);
  });
});

describe('the memory of a worker', () => {
  const start = 0x7f0000000000;

  it('is what it maps to write to, without stacks and what cannot be touched', async () => {
    const more = 3 * MB;
    assert.equal(await privateBytes((worker) => mapMemory(worker, 0x7f1000000000, more)), 16 * MB + more);
    assert.equal(await privateBytes((worker) => mapMemory(worker, 0x7f1000000000, more, 'PROT_NONE')), 16 * MB);
    assert.equal(
      await privateBytes((worker) => mapMemory(worker, 0x7f1000000000, more, 'PROT_READ|PROT_WRITE', '|MAP_STACK')),
      16 * MB,
    );
  });

  it('shrinks by what it gives back, in whole or in part', async () => {
    const unmap = (address: number, bytes: number) => (worker: ThreadLines) =>
      void mapMemory(worker, 0x7f1000000000, 7 * MB).call(`munmap(${hex(address)}, ${bytes}`, ')', 0);
    assert.equal(await privateBytes(unmap(0x7f1000000000, 7 * MB)), 16 * MB);
    assert.equal(await privateBytes(unmap(0x7f1000000000 + 2 * MB, MB)), 22 * MB);
    assert.equal(await privateBytes(unmap(0x7f1000000000 + 5 * MB, 8 * MB)), 21 * MB);
    assert.equal(await privateBytes(unmap(0x7f2000000000, 8 * MB)), 23 * MB);
  });

  it('follows mappings that move and grow, and the heap', async () => {
    const moved = (worker: ThreadLines) =>
      void worker.call(`mremap(${hex(start)}, ${16 * MB}, ${19 * MB}, MREMAP_MAYMOVE`, ')', hex(0x7f3000000000));
    assert.equal(await privateBytes(moved), 19 * MB);
    const heap = (worker: ThreadLines) => {
      for (const end of [0x1000000, 0x1400000, 0x1300000]) worker.call(`brk(${hex(end)}`, ')', hex(end));
    };
    assert.equal(await privateBytes(heap), 16 * MB + 0x300000);
  });

  it('counts what is written of files, and not their code', async () => {
    const file = (protection: string) => (worker: ThreadLines) =>
      void worker.call(
        `mmap(NULL, ${MB}, ${protection}, MAP_PRIVATE|MAP_DENYWRITE, 9</usr/lib/a.so>, 0`,
        ')',
        hex(0x7f4000000000),
      );
    assert.equal(await privateBytes(file('PROT_READ|PROT_WRITE')), 17 * MB);
    assert.equal(await privateBytes(file('PROT_READ|PROT_EXEC')), 16 * MB);
  });
});

it('the metrics of loading are those of its trace', async () => {
  const { trace, parent } = parentOf();
  openModules(parent, 7, '/srv/base');
  for (const pid of [101, 102])
    startWorker(trace, parent, pid, (worker) => mapMemory(openModules(worker, 101), 0x7f0000000000, 17 * MB));
  const { metrics } = only(await analyzed(trace), KIND);
  // The parent forks after its own 3.5 ms and five calls of 0.02 ms; a worker begins 1 ms after its fork and is ready
  // 99 ms later.
  const forked = [3.5 + 0.1, 3.5 + 0.12].map((ms) => Number(ms.toFixed(3)));
  assert.deepEqual(metrics, {
    workers: forked.map((ms, index) => ({
      pid: 101 + index,
      modules: 101,
      loadMs: 99,
      privateBytes: 17 * MB,
      startMs: Number((ms + 1).toFixed(3)),
    })),
    sharedModules: 101,
    savedBytes: 17 * MB,
    count: 2,
    mostAlive: 2,
    replaced: 0,
    loadMs: 99,
    parent: 100,
    parentModules: 7,
  });
});

it('memory that would not be shared is not said to be saved', async () => {
  const load = (worker: ThreadLines) => {
    mapMemory(openModules(worker, 101), 0x7f0000000000, 1).call(`munmap(${hex(0x7f0000000000)}, 1`, ')', 0);
  };
  const { metrics, summary } = only(await both(load), KIND);
  assert.equal(metrics.savedBytes, 0);
  assert.doesNotMatch(summary, /would be shared/);
});

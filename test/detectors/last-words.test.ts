import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactReport } from '../../src/output/redact.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { fork, MASTER, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';

const KIND = 'worker-death';

interface Printed {
  readonly lines: readonly string[];
  readonly error: string | null;
  readonly leftOut: number;
}

/** A worker that starts and writes these texts to a descriptor, then does what `act` says. */
function booting(texts: readonly string[], act: (worker: ThreadLines) => void, fd = 2): string {
  const { trace, workers } = prefork([101]);
  workers[0]?.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(3000);
  const master = trace.thread(MASTER).at(200);
  fork(master, 201);
  const worker = trace.thread(201).at(201);
  for (const text of texts) {
    const bytes = text.replace(/\n/g, '\\n').replace(/"/g, '\\"');
    worker.call(`write(${fd}, "${bytes}", ${text.length}`, ')', text.length);
  }
  act(worker);
  return trace.text();
}

async function printedIn(text: string): Promise<Printed | null> {
  const { metrics } = only(await analyzed(text), KIND);
  return (metrics.deaths as unknown as { printed: Printed | null }[])[0]?.printed ?? null;
}

const TRACEBACK = [
  'Traceback (most recent call last):\n',
  '  File "/srv/wsgi.py", line 3, in <module>\n    import shop\n',
  "ModuleNotFoundError: No module named 'shop'\n",
];
const NAMED = "ModuleNotFoundError: No module named 'shop'";

describe('what a process wrote before it failed', () => {
  it('is quoted with the line that names the error, which is evidence too', async () => {
    const text = booting(TRACEBACK, (worker) => worker.exits(3));
    const { summary, evidence } = only(await analyzed(text), KIND);
    assert.ok(summary.includes(`Before that it printed: ${NAMED}.`), summary);
    assert.ok(evidence.some((line) => line.text.includes('ModuleNotFoundError')));
    assert.deepEqual(await printedIn(text), {
      lines: [
        'Traceback (most recent call last):',
        '  File "/srv/wsgi.py", line 3, in <module>',
        '    import shop',
        NAMED,
      ],
      error: NAMED,
      leftOut: 0,
    });
  });

  it('is bounded, from its beginning to the error', async () => {
    const frames = Array.from({ length: 23 }, (_, index) => `  File "/srv/a.py", line ${index}, in f\n`);
    const printed = await printedIn(
      booting([TRACEBACK[0] ?? '', ...frames, TRACEBACK[2] ?? ''], (worker) => worker.exits(3)),
    );
    assert.equal(printed?.lines.length, 7);
    assert.equal(printed?.error, NAMED);
    assert.equal(printed?.leftOut, 18);
  });

  for (const [server, text, named] of [
    ['gunicorn', `[2026-11-20 02:13:20 +0000] [201] [ERROR] Exception in worker process\n${TRACEBACK.join('')}`, NAMED],
    [
      'node',
      "node:internal/modules/cjs/loader:1080\n  throw err;\n\nError: Cannot find module 'shop'\n",
      "Error: Cannot find module 'shop'",
    ],
    ['php-fpm', 'PHP Fatal error:  Uncaught Error: Class not found in /srv/a.php:3\n', null],
    ['go', 'panic: runtime error: index out of range [3] with length 3\n\ngoroutine 1 [running]:\n', null],
    ['ruby', "/usr/lib/ruby/k.rb:85:in `require': cannot load such file -- shop (LoadError)\n", null],
    ['puma', "[201] ! Unable to start worker\n[201] <internal:/usr/lib/ruby/k.rb>:85:in `require'\n", null],
    ['uvicorn', 'ERROR:    [Errno 98] error while attempting to bind on address: address already in use\n', null],
  ] as const)
    it(`of ${server} is recognised`, async () => {
      const printed = await printedIn(booting([text], (worker) => worker.exits(1)));
      assert.ok(printed !== null);
      if (named !== null) assert.equal(printed.error, named);
      assert.ok(printed.lines.length > 0);
    });

  it('in pieces of a line is put together', async () => {
    const pieces = ['Traceback (most recent call last):\n', 'KeyError', ": 'shop'", '\n'];
    assert.equal((await printedIn(booting(pieces, (worker) => worker.exits(1))))?.error, "KeyError: 'shop'");
  });

  it('is quoted for an abort as well, and not where somebody else killed it', async () => {
    assert.equal((await printedIn(booting(TRACEBACK, (worker) => worker.killedBy('SIGABRT'))))?.error, NAMED);
    assert.equal(await printedIn(booting(TRACEBACK, (worker) => worker.killedBy('SIGKILL'))), null);
  });

  it('is not what it died of when that was more than five seconds ago', async () => {
    assert.equal((await printedIn(booting(TRACEBACK, (worker) => worker.gap(4900).exits(1))))?.error, NAMED);
    assert.equal(await printedIn(booting(TRACEBACK, (worker) => worker.gap(5100).exits(1))), null);
  });

  it('is not what it died of when it took a connection afterwards', async () => {
    const text = booting(TRACEBACK, (worker) => worker.gap(10).accept(12).exits(1));
    assert.equal(await printedIn(text), null);
  });

  it('is no finding in a worker that goes on', async () => {
    none(await analyzed(booting(TRACEBACK, (worker) => worker.gap(10).call('getpid(', ')', 201))), KIND);
  });

  it('of a line without a failure is not quoted', async () => {
    assert.equal(await printedIn(booting(['Booting worker with pid: 201\n'], (worker) => worker.exits(3))), null);
  });

  /** It opens a file, writes the row or the failure into it, and ends. */
  const inFile = (path: string, flags = 'O_WRONLY|O_CREAT', call = 'write'): string => {
    const { trace, workers } = prefork([101]);
    workers[0]?.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(3000);
    fork(trace.thread(MASTER).at(200), 201);
    const worker = trace.thread(201).at(201);
    worker.call(`openat(AT_FDCWD, "${path}", ${flags}, 0644`, ')', `6<${path}>`);
    worker.labels.set(6, path);
    const row = TRACEBACK.join('').replaceAll('\n', '\\n').replaceAll('"', '\\"');
    worker.call(`${call}(${worker.fd(6)}, "${row}", 151${call === 'write' ? '' : ', 0'}`, ')', 151).exits(3);
    return trace.text();
  };

  it('stands in a log, which is named, and not in a file of data', async () => {
    for (const [path, flags] of [
      ['/var/log/shop/error.log', 'O_WRONLY|O_CREAT'],
      ['/srv/logs/shop.txt', 'O_WRONLY|O_CREAT'],
      ['/srv/shop.txt', 'O_WRONLY|O_CREAT|O_APPEND'],
    ] as const) {
      const { summary } = only(await analyzed(inFile(path, flags)), KIND);
      assert.ok(summary.includes(`Before that it wrote to ${path}: ${NAMED}.`), summary);
    }
    assert.equal(await printedIn(inFile('/data/tickets.csv')), null);
    assert.equal(await printedIn(inFile('/data/blog/posts.json')), null);
    // A database keeps its log as data, too.
    assert.equal(await printedIn(inFile('/data/db.log', 'O_RDWR', 'pwrite64')), null);
  });

  it('is masked like every line of a capture', async () => {
    const secret =
      'sqlalchemy.exc.OperationalError: connect failed: postgres://shop:hunter2@db/shop password=hunter2\n';
    const report = redactReport(await analyzed(booting([TRACEBACK[0] ?? '', secret], (worker) => worker.exits(3))));
    const shown = JSON.stringify(only(report, KIND));
    assert.ok(!shown.includes('hunter2'), shown);
    assert.match(shown, /OperationalError/);
  });
});

describe('output of the program between the lines of strace', () => {
  const traced = (output: string, ends = '[pid 201] +++ exited with 3 +++\n'): string =>
    [
      'clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f5a50) = 201',
      'strace: Process 201 attached',
      'wait4(-1,  <unfinished ...>',
      '[pid 201] openat(AT_FDCWD, "/srv/wsgi.py", O_RDONLY) = 7',
      `${output}${ends}<... wait4 resumed>[{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 201`,
      '--- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=201, si_uid=33, si_status=3, si_utime=1, si_stime=0} ---',
      '+++ exited with 3 +++',
      '',
    ].join('\n');

  it('belongs to the process whose line stands above it', async () => {
    assert.equal((await printedIn(traced(TRACEBACK.join(''))))?.error, NAMED);
  });

  it('belongs to the process that it names', async () => {
    const output = `[2026-11-20 02:13:20 +0000] [777] [ERROR] Exception in worker process\n${TRACEBACK.join('')}`;
    assert.equal(await printedIn(traced(output)), null);
    assert.equal((await printedIn(traced(output.replace('777', '201'))))?.error, NAMED);
  });

  it('is read behind what others put before each line', async () => {
    const text = traced(TRACEBACK.join('')).replace(/^(?=.)/gm, 'web-1  | ');
    assert.equal((await printedIn(text))?.error, NAMED);
  });

  it('in the middle of the write that made it belongs to who made that', async () => {
    const log = `[2026-11-20 02:13:20 +0000] [201] [ERROR] Exception in worker process\n${TRACEBACK.join('')}`;
    const write = `[pid 201] write(2, "[2026-11-20 02:13:20 +0000] [201"..., ${log.length}`;
    for (const end of [`) = ${log.length}\n`, ` <unfinished ...>\n[pid 201] <... write resumed>) = ${log.length}\n`])
      assert.equal((await printedIn(traced(`${write}${log}${end}`)))?.error, NAMED, end);
  });

  it('ends at an ordinary line of a log', async () => {
    const printed = await printedIn(
      traced(`${TRACEBACK.join('')}[2026-11-20 02:13:21 +0000] [201] [INFO] Worker exiting (pid: 201)\n`),
    );
    assert.equal(printed?.lines.at(-1), NAMED);
  });
});

describe('a program that is traced alone', () => {
  const alone = (text: string): string =>
    `execve("/usr/bin/node", ["node", "app.js"], 0x7ffc /* 9 vars */) = 0\nwrite(2, "${text}", 60) = 60\n` +
    'exit_group(1) = ?\n+++ exited with 1 +++\n';

  it('is told where it says itself that it failed', async () => {
    const { severity, confidence, summary } = only(
      await analyzed(
        alone("node:internal/modules/cjs/loader:1210\\n  throw err;\\n\\nError: Cannot find module 'shop'\\n"),
      ),
      KIND,
    );
    assert.deepEqual([severity, confidence], ['warning', 'possible']);
    assert.match(summary, /printed: Error: Cannot find module 'shop'\./);
  });

  it('is none where it ends with a status and says nothing, as many helper programs do', async () => {
    none(await analyzed(alone('3 differences\\n')), KIND);
  });

  it('is told with the beginning of what it wrote where the capture has no more', async () => {
    const cut = alone('[ERROR] Exception in worker process\\nTraceback (most recent').replace(
      '", 60) = 60',
      '"..., 1899) = 1899',
    );
    const { summary, next } = only(await analyzed(cut), KIND);
    assert.match(summary, /Exception in worker process\. The capture has only the beginning of that\./);
    assert.ok(next.some(({ command }) => command?.includes('-s 4096')));
  });
});

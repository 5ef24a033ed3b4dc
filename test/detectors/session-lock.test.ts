import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';
import { Backend, line } from '../support/database-lines.ts';
import { memoryInput } from '../support/memory-input.ts';

const KIND = 'session-lock';
const WAIT = 'FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=0}, 0x1)';
const holder = new Backend(101);
const first = new Backend(102);
const second = new Backend(103);

/** A session that changes a row in a transaction. */
const inTransaction = [
  ...holder.opened(0.01),
  holder.ready(0.02),
  holder.asks(0.03, 'begin'),
  holder.answered(0.031, 'BEGIN', 'T'),
  holder.asks(0.04, 'update a set b=1'),
  holder.answered(0.041, 'UPDATE 1', 'T'),
];

/** Somebody else wants the row, from 0.1 s on. */
const wants = (session: Backend, seconds: number): string[] => [
  ...session.opened(seconds - 0.02),
  session.ready(seconds - 0.01),
  session.asks(seconds, 'update a set b=2'),
];

/** As strace prints them without `-y`. */
const withoutNames = (lines: string): string => lines.replaceAll(/<(?:socket|anon_inode):[^>]*>/g, '');

const commits = (seconds: number): string[] => [
  holder.asks(seconds, 'commit'),
  holder.wakes(seconds + 0.001, first),
  first.slept(0.101, seconds + 0.002),
  holder.answered(seconds + 0.003, 'COMMIT', 'I'),
  first.answered(seconds + 0.004, 'UPDATE 1', 'I'),
];

describe('a statement that waits for the lock of another session', () => {
  it('is told from a second on, with who held the lock and what that session had done', async () => {
    none(await analyzed([...inTransaction, ...wants(first, 0.1), ...commits(1.09)].join('\n')), KIND);
    // From the end of the call that read it to the begin of the one that woke it up.
    only(await analyzed([...inTransaction, ...wants(first, 0.1), ...commits(1.099_02)].join('\n')), KIND);
    none(await analyzed([...inTransaction, ...wants(first, 0.1), ...commits(1.099_01)].join('\n')), KIND);
    const report = await analyzed([...inTransaction, ...wants(first, 0.1), ...commits(1.13)].join('\n'));
    const { title, summary, metrics, confidence, workers } = only(report, KIND);
    assert.equal(title, '1 statement waited 1.03 s for process 101, idle in a transaction');
    assert.match(
      summary,
      / It went on when the session of process 101 \(client 10\.0\.0\.9:40101\) ran a COMMIT, before which it had asked nothing for 1\.09 s\. Its statement before that was an UPDATE on a\.$/,
    );
    assert.equal(confidence, 'likely');
    assert.deepEqual(workers, [101, 102]);
    assert.deepEqual(metrics, {
      holder: {
        pid: 101,
        tid: 101,
        peer: '10.0.0.9:40101',
        query: 'update a set b=?',
        idleMs: 1089,
        isSeen: true,
      },
      count: 1,
      totalMs: 1030.98,
      longestMs: 1030.98,
      isOver: true,
      waits: [{ pid: 102, tid: 102, query: 'update a set b=?', startMs: 90.02, endMs: 1121 }],
    });
  });

  it('is told of sessions that were there before the capture, whether or not it names descriptors', async () => {
    const lines = [
      first.slept(0.02, 0.09),
      holder.asks(0.03, 'begin'),
      holder.answered(0.031, 'BEGIN', 'T'),
      holder.asks(0.04, 'update a set b=1'),
      holder.answered(0.041, 'UPDATE 1', 'T'),
      first.asks(0.1, 'update a set b=2'),
      ...commits(1.13),
    ].join('\n');
    for (const text of [lines, withoutNames(lines)]) {
      const report = await analyzed(text);
      const { title, metrics } = only(report, KIND);
      assert.equal(title, '1 statement waited 1.03 s for process 101, idle in a transaction');
      assert.equal((metrics.waits as { query: string }[])[0]?.query, 'update a set b=?');
      assert.equal(report.quality.diagnostics.length, 0);
    }
    // The same statements, each after the other.
    const healthy = [holder.asks(0.03, 'update a set b=1'), holder.answered(0.031, 'UPDATE 1', 'I')]
      .concat([first.asks(0.1, 'update a set b=2'), first.answered(0.103, 'UPDATE 1', 'I')])
      .join('\n');
    assert.equal((await analyzed(withoutNames(healthy))).outcomes[KIND]?.status, 'clear');
  });

  it('waited for a session that asked nothing since before the capture, which is said to have idled', async () => {
    const lines = (from: number, to: number): string =>
      [
        holder.slept(from, to),
        first.asks(0.1, 'update a set b=2'),
        holder.asks(1.13, 'commit'),
        holder.wakes(1.131, first),
        first.slept(0.101, 1.132),
        holder.answered(1.133, 'COMMIT', 'I'),
        first.answered(1.134, 'UPDATE 1', 'I'),
      ].join('\n');
    const { title, metrics } = only(await analyzed(lines(0.04, 1.129)), KIND);
    assert.equal(title, '1 statement waited 1.03 s for process 101, idle in a transaction');
    assert.equal((metrics.holder as { idleMs: number }).idleMs, 1090.02);
    // What it did after its first wait the capture does not show.
    const { title: unknown } = only(await analyzed(lines(0.04, 0.99)), KIND);
    assert.equal(unknown, '1 statement waited 1.03 s for a lock of process 101');
  });

  it('is one wait where PostgreSQL woke up after a second, looked for a deadlock and waited on', async () => {
    const report = await analyzed(
      [
        ...inTransaction,
        ...wants(first, 0.1),
        first.slept(0.101, 1.101),
        holder.asks(1.6, 'commit'),
        holder.wakes(1.601, first),
        first.slept(1.102, 1.602),
        holder.answered(1.603, 'COMMIT', 'I'),
        first.answered(1.604, 'UPDATE 1', 'I'),
      ].join('\n'),
    );
    const { metrics } = only(report, KIND);
    assert.deepEqual([metrics.longestMs, (metrics.holder as { pid: number }).pid], [1500.98, 101]);
  });

  it('is not clear where nothing shows who let it go on, and clear where it computed', async () => {
    const waits = [...inTransaction, ...wants(first, 0.1)];
    const ends = [
      holder.asks(1.6, 'commit'),
      holder.answered(1.603, 'COMMIT', 'I'),
      first.answered(1.604, 'UPDATE 1', 'I'),
    ];
    const computed = await analyzed([...waits, second.slept(0.2, 0.4), ...ends].join('\n'));
    assert.equal(computed.outcomes[KIND]?.status, 'clear');
    const unseen = await analyzed([...waits, first.slept(0.101, 1.602), ...ends].join('\n'));
    assert.equal(unseen.outcomes[KIND]?.status, 'not-applicable');
    const withoutWaits = await analyzed([...waits, ...ends].join('\n'));
    assert.match(
      withoutWaits.outcomes[KIND]?.reason ?? '',
      /took 1\.50 s, and the capture does not show who let it go on/,
    );
  });

  it('is told of a session that has gone on to other statements when the one that waited answers', async () => {
    const report = await analyzed(
      [
        ...inTransaction,
        ...wants(first, 0.1),
        holder.asks(1.6, 'commit'),
        holder.wakes(1.601, first),
        first.slept(0.101, 1.602),
        holder.answered(1.603, 'COMMIT', 'I'),
        ...[1.604, 1.606, 1.608].flatMap((at) => [
          holder.asks(at, 'select 1'),
          holder.answered(at + 0.001, 'SELECT 1', 'I'),
        ]),
        first.answered(1.61, 'UPDATE 1', 'I'),
      ].join('\n'),
    );
    assert.equal(only(report, KIND).title, '1 statement waited 1.50 s for process 101, idle in a transaction');
  });

  it('in a queue waits for the session that the first of them waited for', async () => {
    const queue = [
      ...inTransaction,
      ...wants(first, 0.1),
      ...wants(second, 0.14),
      ...commits(1.7),
      first.wakes(1.7035, second),
      second.slept(0.141, 1.7038),
      second.answered(1.71, 'UPDATE 1', 'I'),
    ].sort((a, b) => a.slice(4).localeCompare(b.slice(4)));
    const { metrics } = only(await analyzed(queue.join('\n')), KIND);
    assert.equal(metrics.count, 2);
    assert.equal((metrics.holder as { pid: number }).pid, 101);
  });

  it('names nobody where whoever woke it had waited itself for somebody unseen', async () => {
    const lines = [
      ...wants(first, 0.1),
      ...wants(second, 0.14),
      first.slept(0.101, 1.7),
      first.wakes(1.701, second),
      second.slept(0.141, 1.702),
      first.answered(1.703, 'UPDATE 1', 'I'),
      second.answered(1.71, 'UPDATE 1', 'I'),
    ];
    const { title, metrics } = only(await analyzed(lines.join('\n')), KIND);
    assert.equal(title, '1 statement waited 1.56 s for a session that is not seen');
    assert.equal(metrics.holder, null);
  });

  it('still waits at the end: the one session that was in a transaction before is possibly the holder', async () => {
    const open = `${first.pid} 1795140800.101000 epoll_wait(8<anon_inode:[eventpoll]>,  <unfinished ...>`;
    const late = line(100, 2.3, 'close(77)', '0');
    const report = await analyzed([...inTransaction, ...wants(first, 0.1), open, late].join('\n'));
    const { title, confidence, metrics } = only(report, KIND);
    assert.equal(title, '1 statement waits, 2.20 s so far: process 101 idles in a transaction');
    assert.equal(confidence, 'possible');
    assert.equal(metrics.isOver, false);
    const alone = only(await analyzed([...wants(first, 0.1), open, late].join('\n')), KIND);
    assert.equal(alone.title, '1 statement waits, 2.20 s so far: for a lock of a session that is not seen');
    assert.equal(alone.metrics.holder, null);
  });
});

it('is told while it waits, and no more when it has been answered', async () => {
  const titlesWhile = async (lines: readonly string[]): Promise<readonly string[]> => {
    let open: readonly string[] = [];
    const set = { kind: 'live', paths: ['trace'], leftOut: [], notices: [] } as const;
    await analyzeInputs(
      { ...set, inputs: [memoryInput('trace', `${lines.join('\n')}\n`)] },
      { growing: true, goesOn: true },
      {
        progress: (progress) => {
          const { findings } = progress.open({ lines: '', elsewhere: new Map() });
          open = findings.filter(({ openEnded }) => openEnded).map(({ title }) => title);
        },
      },
    );
    return open;
  };
  const late = line(100, 2.3, 'close(77)', '0');
  const waits = [
    ...inTransaction,
    ...wants(first, 0.1),
    `${first.pid} 1795140800.101000 epoll_wait(8<anon_inode:[eventpoll]>,  <unfinished ...>`,
    late,
  ];
  assert.deepEqual(await titlesWhile(waits), ['1 statement waits, 2.20 s so far: process 101 idles in a transaction']);
  assert.deepEqual(await titlesWhile([...inTransaction, ...wants(first, 0.1), ...commits(1.6), late]), []);
});

describe('a statement that reads and waits when the capture ends', () => {
  const timer = (seconds: number): string =>
    line(102, seconds, 'setitimer(ITIMER_REAL, {it_value={tv_sec=1, tv_usec=0}}, NULL)', '0');
  const interrupted = line(102, 0.121, 'epoll_wait(8, 0x77, 1, -1)', '-1 EINTR (Interrupted system call)', 1);
  const open = '102 1795140801.122000 epoll_wait(8,  <unfinished ...>';
  const late = line(100, 2.3, 'close(77)', '0');
  const reads = [...first.opened(0.08), first.ready(0.09), first.asks(0.1, 'select * from a')];

  it('waits for a lock where its session has looked for a deadlock', async () => {
    const lines = [...reads, timer(0.1205), interrupted, open, late].join('\n');
    for (const text of [lines, withoutNames(lines)]) {
      const { title, confidence, summary } = only(await analyzed(text), KIND);
      assert.equal(title, '1 statement waits, 2.20 s so far: for a lock of a session that is not seen');
      assert.equal(confidence, 'likely');
      assert.match(
        summary,
        /The session has looked for a deadlock meanwhile, which PostgreSQL does only in a wait for/,
      );
    }
  });

  it('may wait for anything else', async () => {
    // A limit for the statement, a timer from before it, and one that has not run out.
    const others = [
      [...reads, timer(0.1002), interrupted, open],
      [timer(0.0805), ...reads, interrupted, open],
      [...reads, timer(0.1205), '102 1795140800.121000 epoll_wait(8,  <unfinished ...>'],
    ];
    for (const other of others) none(await analyzed([...other, late].join('\n')), KIND);
  });
});

it('a statement that sleeps as long by itself waits for nobody', async () => {
  const sleeping = [
    ...first.opened(0.08),
    first.ready(0.09),
    first.asks(0.1, 'select pg_sleep(2)'),
    line(102, 0.101, 'epoll_wait(8<anon_inode:[eventpoll]>, [], 1, 2000)', '0', 2),
    first.answered(2.102, 'SELECT 1', 'I'),
  ];
  assert.match(none(await analyzed(sleeping.join('\n')), KIND), /^of 1 answered statement none was seen/);
});

it('a statement of MariaDB that gives up after innodb_lock_wait_timeout leaves nothing clear, and failed', async () => {
  // From a recording of MariaDB 10.11 with a limit of 1 s, cut to what the session needs.
  const lines = (waited: number): string =>
    [
      line(87, 0.1, 'accept4(17<socket:[4711]>, NULL, NULL, SOCK_CLOEXEC)', '49<socket:[6734]>'),
      line(87, 0.101, 'clone3({flags=CLONE_VM|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD, exit_signal=0}, 88)', '205'),
      line(205, 0.102, 'sendto(49<socket:[6734]>, "d\\0\\0\\0\\n5.5.5-10.11.19-MariaDB"..., 104, 0, NULL, 0)', '104'),
      line(205, 0.103, 'recvfrom(49<socket:[6734]>, "+\\0\\0\\1", 4, 0, NULL, NULL)', '4'),
      line(
        205,
        0.104,
        `recvfrom(49<socket:[6734]>, "\\t\\242${'\\0'.repeat(30)}root\\0\\0test\\0", 43, 0, NULL, NULL)`,
        '43',
      ),
      line(205, 0.105, 'sendto(49<socket:[6734]>, "\\7\\0\\0\\2\\0\\0\\0\\2\\0\\0\\0", 11, 0, NULL, 0)', '11'),
      line(205, 0.1052, 'recvfrom(49<socket:[6734]>, "\\6\\0\\0\\0", 4, 0, NULL, NULL)', '4'),
      line(205, 0.1054, 'recvfrom(49<socket:[6734]>, "\\3begin", 6, 0, NULL, NULL)', '6'),
      line(205, 0.1056, 'sendto(49<socket:[6734]>, "\\7\\0\\0\\1\\0\\0\\0\\3\\0\\0\\0", 11, 0, NULL, 0)', '11'),
      line(205, 0.106, 'recvfrom(49<socket:[6734]>, " \\0\\0\\0", 4, 0, NULL, NULL)', '4'),
      line(205, 0.107, 'recvfrom(49<socket:[6734]>, "\\3update acc set v=v+1 where id=7", 32, 0, NULL, NULL)', '32'),
      line(205, 0.108, `futex(0x7f34537db738, ${WAIT}`, '-1 ETIMEDOUT (Connection timed out)', waited),
      line(
        205,
        1.11,
        'sendto(49<socket:[6734]>, "?\\0\\0\\1\\377\\265\\4#HY000Lock wait timeout exceeded; try restarting transaction"' +
          ', 67, 0, NULL, 0)',
        '67',
      ),
      line(
        205,
        1.2,
        'recvfrom(49<socket:[6734]>, 0x7734, 4, 0, NULL, NULL)',
        '-1 EAGAIN (Resource temporarily unavailable)',
      ),
    ].join('\n');
  const waited = await analyzed(lines(1));
  assert.equal(waited.outcomes[KIND]?.status, 'not-applicable');
  assert.match(none(waited, KIND), /^A statement that may have waited for a lock took 1\.00 s/);
  assert.equal(only(waited, 'clients-refused').metrics['code'], 'error 1205');
  // Who computed for as long waited for nobody.
  assert.equal((await analyzed(lines(0.01))).outcomes[KIND]?.status, 'clear');
});

/** Threads of a MariaDB that were there before the capture, which knows none of them to be of one process. */
describe('a session of MariaDB from before the capture', () => {
  const idle = (tid: number, to: number): string =>
    line(tid, 0.01, 'restart_syscall(<... resuming interrupted read ...>)', '1', to - 0.01);
  const asks = (tid: number, seconds: number, statement: string): string[] => {
    const length = `\\${(statement.length + 1).toString(8)}\\0\\0\\0`;
    const flags = 'MSG_DONTWAIT, NULL, NULL';
    return [
      line(tid, seconds, `recvfrom(${tid}, "${length}", 4, ${flags})`, '4'),
      line(
        tid,
        seconds + 0.0001,
        `recvfrom(${tid}, "\\3${statement}", ${statement.length + 1}, ${flags})`,
        `${statement.length + 1}`,
      ),
    ];
  };
  const answers = (tid: number, seconds: number): string =>
    line(tid, seconds, `sendto(${tid}, "\\7\\0\\0\\1\\0\\1\\0\\2\\0\\0\\0", 11, MSG_DONTWAIT, NULL, 0)`, '11');
  const wait = 'futex(0x7f224c193d38, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, {tv_sec=9, tv_nsec=0}, 0xff)';
  const update = 'update a set b=b+1 where id=7';
  const letsGo = (statement: string): string =>
    [
      idle(202, 0.1),
      ...asks(202, 0.1, update),
      idle(201, 1.5),
      ...asks(201, 1.5, statement),
      line(201, 1.501, 'futex(0x7f224c193d38, FUTEX_WAKE_PRIVATE, 1)', '1'),
      line(202, 0.101, wait, '0', 1.4002),
      answers(201, 1.502),
      answers(202, 1.503),
    ].join('\n');

  it('waits for the one that wakes it, which has idled with what it lets go of', async () => {
    for (const [statement, where] of [
      ['commit', 'in a transaction'],
      ['unlock tables', 'with its tables locked'],
      ["select release_lock('a')", 'with a lock'],
    ] as const) {
      const { title, metrics, next } = only(await analyzed(letsGo(statement)), KIND);
      assert.equal(title, `1 statement waited 1.40 s for thread 201, idle ${where}`);
      assert.deepEqual([metrics.count, (metrics.holder as { tid: number }).tid], [1, 201]);
      assert.match(next[0]?.command ?? '', /innodb_lock_waits.*SHOW FULL PROCESSLIST/);
    }
    const healthy = [...asks(202, 0.1, update), answers(202, 0.103), ...asks(201, 0.2, 'commit'), answers(201, 0.201)];
    assert.equal((await analyzed(healthy.join('\n'))).outcomes[KIND]?.status, 'clear');
  });

  const open = `202 1795140801.605000 ${wait.slice(0, -1)} <unfinished ...>`;
  const late = line(100, 1.9, 'close(77)', '0');
  const select = 'select count(*) from a';

  it('waits for the lock of a table where it looks for its client once a second', async () => {
    const slices = [
      line(202, 0.101, wait, '-1 ETIMEDOUT (Connection timed out)', 1.5),
      line(202, 1.602, 'poll([{fd=202, events=POLLIN|POLLPRI}], 1, 0)', '0 (Timeout)'),
      open,
      late,
    ];
    const report = await analyzed([...asks(202, 0.1, select), ...slices].join('\n'));
    const { title, confidence, summary } = only(report, KIND);
    assert.equal(title, '1 statement waits, 1.80 s so far: for a lock of a session that is not seen');
    assert.equal(confidence, 'likely');
    assert.match(summary, /looked meanwhile whether the client is still there/);
    assert.equal(ofKind(report, 'stuck-call').length, 0);
  });

  it('may wait for a lock where it only sleeps, unless it was asked to', async () => {
    const sleeps = (statement: string): string =>
      [...asks(202, 0.1, statement), open.replace('801.605', '800.105'), late].join('\n');
    const report = await analyzed(sleeps(select));
    assert.equal(only(report, KIND).confidence, 'possible');
    assert.equal(ofKind(report, 'stuck-call').length, 0);
    none(await analyzed(sleeps('select sleep(2)')), KIND);
  });
});

it('a server that speaks no SQL has no such sessions', async () => {
  const report = await analyzed(line(100, 0.1, 'close(77)', '0'));
  assert.equal(ofKind(report, KIND).length, 0);
  assert.equal(report.outcomes[KIND]?.status, 'not-applicable');
});

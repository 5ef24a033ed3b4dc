import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { workforce } from '../../src/output/wording.ts';
import { analyzed, ofKind } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';

const SECONDS = 7;
const BEGIN = 1795140800;

/** A worker or master of a family that drover looked at, in the capture that it made. */
interface Looked {
  readonly pid: number;
  readonly tid?: number;
  readonly parent?: number;
  /** '-' of who computes. */
  readonly call: string;
  readonly number?: number;
  readonly clients: number;
  /** Milliseconds of processor time. */
  readonly ran?: number;
  readonly peer?: string;
}

const MASTER: Looked = { pid: 101, parent: 1, call: 'pselect6', clients: 0 };

const PRIVATE_WAIT = '89';
const SHARED_WAIT = '109';

/** A worker that bpftrace found in this call, with these words as its arguments. */
interface Found {
  readonly pid: number;
  readonly number: number;
  readonly call: string;
  readonly words: string;
  readonly data?: string;
  readonly clients: number;
  readonly parent?: number;
}

/** The same of workers in calls whose arguments say what they wait for. */
function found(...workers: readonly Found[]): string {
  const lookedAt = workers.map(({ number: _, ...each }) => ({ ...each, number: 230 }));
  const lines = bpftrace(...lookedAt).split('\n');
  return lines
    .flatMap((line) => {
      const worker = workers.find(({ pid }) => line.startsWith(`event=in ts=900000000 pid=${pid} `));
      if (worker === undefined) return [line];
      const { pid, number, words, data = '' } = worker;
      return [
        `event=fd pid=${pid} fd=12 is=pipe:[71${pid}]`,
        `event=fd pid=${pid} fd=14 is=pipe:[73${pid}]`,
        `event=in ts=900000000 pid=${pid} tid=${pid} nr=${number} a=${words} data=${data}`,
      ];
    })
    .join('\n');
}

/** A capture of bpftrace in which nobody of these made a call, and the master timed out once a second. */
function bpftrace(...workers: readonly Looked[]): string {
  const lines = ['event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000'];
  for (const { pid, tid = pid, call, number = 230 } of workers)
    if (call !== '-')
      lines.unshift(
        `event=fd pid=${pid} fd=11 is=socket:[${pid}]`,
        `event=in ts=900000000 pid=${pid} tid=${tid} nr=${number} a=b,1,2,3,4,5 data=`,
      );
  for (let second = 0; second < SECONDS; second++)
    lines.push(
      `ts=${1_000_000_000 * (second + 1)} dur=999000000 pid=101 tid=101 nr=270 ret=0 a=4,0,0,0 data=\\x08\\x00\\x00\\x00`,
    );
  lines.push(`event=end ts=${(SECONDS + 1) * 1_000_000_000}`);
  return `${[...lines, ...[MASTER, ...workers].map((each) => seen('', String((SECONDS + 1) * 1e9), each))].join('\n')}\n`;
}

/** The same of strace, to which a sleep that began before it is a wait that it interrupted. */
function strace(...workers: readonly Looked[]): string {
  const lines = workers.flatMap(({ pid, tid = pid, call, number }) =>
    call === '-'
      ? []
      : number === undefined
        ? [`${tid} 1795140800.000000 restart_syscall(<... resuming interrupted read ...> <unfinished ...>`]
        : [`${tid} 1795140800.000000 ${call}(11<socket:[4711]>,  <unfinished ...>`],
  );
  for (let second = 0; second < SECONDS; second++)
    lines.push(
      `101 ${1795140800 + second}.000500 pselect6(4, [3<pipe:[99]>], NULL, NULL, {tv_sec=1, tv_nsec=0}, NULL) = 0 (Timeout) <0.999000>`,
    );
  return `${[...lines, ...[MASTER, ...workers].map((each) => seen('strace: drover: ', `${1795140800 + SECONDS}.000000`, each))].join('\n')}\n`;
}

function seen(
  prefix: string,
  ts: string,
  { pid, tid = pid, parent = 101, call, clients, ran = 0, peer }: Looked,
): string {
  return (
    `${prefix}event=seen ts=${ts} for=${SECONDS * 1e9} pid=${pid} tid=${tid} parent=${parent} call=${call} ` +
    `ran=${ran * 1e6} clients=${clients}${peer === undefined ? '' : ` peer=${peer}`} comm=gunicorn`
  );
}

const asleep = (pid: number, clients: number): Looked => ({ pid, call: 'clock_nanosleep', clients });
const computing = (pid: number, clients: number, ran = 6_500): Looked => ({ pid, call: '-', clients, ran });

async function told(capture: string): Promise<string[]> {
  const { findings } = await analyzed(capture);
  return findings.map(({ kind, severity, title }) => `${kind} ${severity}: ${title}`);
}

for (const [name, capture] of [
  ['bpftrace', bpftrace],
  ['strace', strace],
] as const)
  describe(`workers that made no call in a capture of ${name}`, () => {
    it('and sleep while clients of theirs are connected are stuck, all of them', async () => {
      assert.deepEqual(await told(capture(asleep(103, 1), asleep(107, 3))), [
        'stuck-call critical: Both workers are stuck in clock_nanosleep for at least 7.00 s',
      ]);
    });

    it('and sleep are stuck for at least as long as the capture lasted', async () => {
      const [finding] = ofKind(await analyzed(capture(asleep(103, 2))), 'stuck-call');
      assert.match(finding?.summary ?? '', /at least 7\.00 s\..* while 2 clients are connected/);
      assert.equal(finding?.openEnded, true);
    });

    it('and sleep without a client are at rest', async () => {
      assert.deepEqual(await told(capture(asleep(103, 0), asleep(107, 0))), []);
    });

    it('and sleep while other threads of theirs serve are at rest', async () => {
      const thread: Looked = { pid: 103, tid: 109, call: 'futex', number: 202, clients: 5 };
      const all = (await told(capture(asleep(103, 5), thread))).filter((title) => title.includes('nanosleep'));
      assert.deepEqual(all, []);
    });

    it('and poll one connection of their own wait for its answer; of a client, for what it sends', async () => {
      const polls = (pid: number, peer: string, isOfClient = false): Looked => ({
        pid,
        call: 'poll',
        ...(capture === bpftrace ? { number: 7 } : {}),
        clients: 1,
        peer: isOfClient ? `${peer} of=client` : peer,
      });
      const upstream = '127.0.0.1:5432';
      assert.deepEqual(await told(capture(polls(103, upstream), polls(107, upstream))), [
        'stuck-call critical: Both workers are stuck in poll on 127.0.0.1:5432 for at least 7.00 s',
      ]);
      const [ofClient = ''] = await told(capture(polls(103, '10.0.0.7:51234', true)));
      assert.doesNotMatch(ofClient, /critical|warning/);
    });

    it('and compute while clients of theirs are connected are told, all of them', async () => {
      assert.deepEqual(await told(capture(computing(103, 1), computing(107, 3))), [
        'stuck-call critical: 2 of 3 processes make no system call for at least 7.00 s',
      ]);
    });

    it('and compute without a client may have a job to do', async () => {
      assert.deepEqual(await told(capture(computing(103, 0))), [
        'stuck-call info: Process 103 makes no system call for at least 7.00 s',
      ]);
    });

    it('and were ready for half of the time are told, with less they were stopped', async () => {
      assert.equal((await told(capture(computing(103, 1, SECONDS * 500)))).length, 1);
      assert.deepEqual(await told(capture(computing(103, 1, SECONDS * 500 - 1))), []);
    });

    it('of which one slept again and again without a pause is told while a client of it is connected', async () => {
      const ladder = (pid: number): string =>
        Array.from({ length: 97 }, (_, rung) => {
          const at = 0.03 + rung * 0.07;
          return capture === bpftrace
            ? `ts=${Math.round((1 + at) * 1e9)} dur=60000000 pid=${pid} tid=${pid} nr=230 ret=0 a=0,0,1,2 data=`
            : `${pid} ${(1795140800 + at).toFixed(6)} clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=60000000}, NULL) = 0 <0.060000>`;
        }).join('\n');
      const looked = { pid: 103, call: 'clock_nanosleep', clients: 1, number: 230 };
      const [start = '', ...rest] = capture({ ...looked, call: '-' }).split('\n');
      const lines = [start, ladder(103), ...rest].join('\n').replace('call=-', 'call=clock_nanosleep');
      assert.deepEqual((await told(lines)).slice(0, 1), [
        'stuck-call critical: Process 103 does not come back for 6.97 s: clock_nanosleep (97x)',
      ]);
      assert.deepEqual(await told(lines.replace('clients=1', 'clients=0')), []);
      // It did come to a wait once: how long it was away after that is the matter of others.
      const wait =
        capture === bpftrace
          ? 'ts=1029000000 dur=9000000 pid=103 tid=103 nr=232 ret=0 a=7,1,40,64 data='
          : '103 1795140800.020000 epoll_wait(7<anon_inode:[eventpoll]>, [], 64, 9) = 0 <0.009000>';
      const withLoop = [start, wait, ladder(103), ...rest].join('\n').replace('call=-', 'call=clock_nanosleep');
      assert.deepEqual(await told(withLoop), []);
      // It took the next client at once, for others waited: it comes back to its work.
      const accepts =
        capture === bpftrace
          ? 'ts=1029000000 dur=9000 pid=103 tid=103 nr=288 ret=12 a=5,0,0,80000 data='
          : '103 1795140800.020000 accept4(5<TCP:[127.0.0.1:8000]>, NULL, NULL, SOCK_CLOEXEC) = 12 <0.000009>';
      const atWork = [start, accepts, ladder(103), ...rest].join('\n').replace('call=-', 'call=clock_nanosleep');
      assert.doesNotMatch((await told(atWork)).join(), /does not come back/);
    });

    it('and wait for a service at an address that somebody saw are stuck there', async () => {
      const worker = (pid: number): Looked => ({
        pid,
        call: 'recvfrom',
        number: 45,
        clients: 1,
        peer: '10.0.0.5:5432',
      });
      const [first] = await told(capture(worker(103), worker(107)));
      assert.match(first ?? '', /^stuck-call critical: Both workers are stuck in recvfrom on 10\.0\.0\.5:5432/);
    });

    it('and wait for a service alone are the whole service with a client, and one process without', async () => {
      const alone = (clients: number): Looked => ({
        pid: 103,
        call: 'recvfrom',
        number: 45,
        clients,
        peer: '10.0.0.5:5432',
      });
      const stuck = 'Pid 103 is stuck in recvfrom on 10.0.0.5:5432 (PostgreSQL) for at least 7.00 s';
      const first = async (clients: number) => (await told(capture(alone(clients))))[0];
      assert.equal(await first(1), `stuck-call critical: ${stuck}`);
      assert.equal(await first(0), `stuck-call warning: ${stuck}`);
    });

    it('are there, and their master governs them', async () => {
      const { workers } = await analyzed(capture(asleep(103, 1), computing(107, 1)));
      assert.deepEqual(
        workers.map(({ pid, role, server }) => [pid, role, server]),
        [
          [101, 'master', 'gunicorn'],
          [103, 'unknown', 'gunicorn'],
          [107, 'unknown', 'gunicorn'],
        ],
      );
    });
  });

describe('workers of one thread that did not come back once, while a client of theirs is connected', () => {
  const TWO_PIPES = '\\x0c\\x00\\x00\\x00\\x01\\x00\\x00\\x00\\x0e\\x00\\x00\\x00\\x01\\x00\\x00\\x00';
  const WAITS = {
    'a lock of their own, without a limit': { number: 202, call: 'futex', words: `2ad2b180,${PRIVATE_WAIT},0,0,0,0` },
    'a lock of their own, with a limit': { number: 202, call: 'futex', words: `2ad2b180,${PRIVATE_WAIT},0,7f00,0,0` },
    'a child that they named': { number: 61, call: 'wait4', words: '1bc,7ffd0,0,0,0,0' },
    'a semaphore that processes share': { number: 202, call: 'futex', words: `7f12a000,${SHARED_WAIT},0,0,0,0` },
    'one pipe': { number: 0, call: 'read', words: 'c,7f00,c350,0,0,0' },
    'two pipes': { number: 7, call: 'poll', words: '7f00,2,ffffffff,0,0,0', data: TWO_PIPES },
  } as const;

  for (const [what, wait] of Object.entries(WAITS)) {
    const worker = (pid: number, clients: number): Found => ({ pid, clients, ...wait });
    it(`are stuck where they wait for ${what}`, async () => {
      const all = await told(found(worker(103, 1), worker(107, 3)));
      assert.match(all.join('\n'), new RegExp(`^stuck-call critical: Both workers are stuck in ${wait.call}`));
    });

    it(`and nobody of them is surely stuck in ${what} without a client`, async () => {
      assert.doesNotMatch((await told(found(worker(103, 0), worker(107, 0)))).join('\n'), /critical|stuck in/);
    });
  }

  it('may have got it from whoever forked them for its own work: pipes and semaphores are no news then', async () => {
    const pool = (what: keyof typeof WAITS): Found => ({ pid: 107, clients: 1, parent: 103, ...WAITS[what] });
    for (const what of ['one pipe', 'two pipes', 'a semaphore that processes share'] as const) {
      const parent: Found = { pid: 103, clients: 1, ...WAITS['a child that they named'] };
      const all = await told(found(parent, pool(what)));
      assert.doesNotMatch(all.join('\n'), /107 is stuck|Both/, what);
    }
  });

  it('wait for each other where they have more threads', async () => {
    const lines = found({ pid: 103, clients: 1, ...WAITS['a lock of their own, with a limit'] }).trimEnd();
    const other = 'event=seen ts=8000000000 for=7000000000 pid=103 tid=109 parent=101 call=epoll_wait ran=0 clients=1';
    assert.deepEqual(await told(`${lines}\n${other} comm=gunicorn\n`), []);
  });

  it('are stuck as well where strace told before that it left them in what the kernel goes on with', async () => {
    const lines = strace(asleep(103, 1), asleep(107, 1));
    const left = lines.replace(/^(107 .*)read \.\.\.> <unfinished \.\.\.>$/m, '$1wait4 ...> <detached ...>');
    assert.notEqual(left, lines);
    assert.deepEqual(await told(left), [
      'stuck-call critical: Both workers are stuck in clock_nanosleep for at least 7.00 s',
    ]);
  });

  it('strace shows such a lock with a limit as what the kernel goes on with', async () => {
    const lines = [101, 103, 107]
      .map((pid) =>
        pid === 101
          ? '101 1795140800.000500 pselect6(4, [3<pipe:[99]>], NULL, NULL, {tv_sec=1}, NULL) = 0 (Timeout) <0.999000>'
          : `${pid} 1795140800.000000 restart_syscall(<... resuming interrupted read ...> <unfinished ...>`,
      )
      .concat(
        [MASTER, ...[103, 107].map((pid) => ({ pid, call: 'futex', clients: 1 }))].map((each) =>
          seen('strace: drover: ', '1795140807.000000', each),
        ),
      );
    assert.deepEqual(await told(`${lines.join('\n')}\n`), [
      'stuck-call critical: Both workers are stuck in futex for at least 7.00 s',
    ]);
  });
});

describe('a capture of strace in which nobody made a call at all', () => {
  it('is one all the same', async () => {
    const lines = [computing(103, 1), computing(107, 2)].map((each) => seen('strace: drover: ', '1795140807.5', each));
    const { findings, window } = await analyzed(`${lines.join('\n')}\n`);
    assert.deepEqual(
      findings.map(({ severity, title }) => [severity, title]),
      [['critical', 'Both processes make no system call for at least 7.00 s']],
    );
    assert.equal(window.durationMs, SECONDS * 1_000);
  });

  it('is one where one of them alone was in a call, which strace tells in one line', async () => {
    const workers = [computing(103, 1), computing(107, 2)];
    const looks = [MASTER, ...workers].map((each) => seen('strace: drover: ', '1795140807.5', each));
    for (const end of ['<detached ...>', '<unfinished ...>']) {
      const capture = `101 1795140800.500000 wait4(-1,  ${end}\n${looks.join('\n')}\n`;
      assert.deepEqual(await told(capture), [
        'stuck-call critical: 2 of 3 processes make no system call for at least 7.00 s',
      ]);
    }
  });

  it('in which all that were looked at are stuck names no workers: one of them may govern the others', async () => {
    const lines = [101, 103].flatMap((pid) => [
      `${pid} 1795140800.000000 restart_syscall(<... resuming interrupted read ...> <unfinished ...>`,
      seen('strace: drover: ', '1795140807.5', { ...asleep(pid, 1), parent: 1 }),
    ]);
    assert.deepEqual(await told(`${lines.toSorted().join('\n')}\n`), [
      'stuck-call critical: Both pids are stuck in clock_nanosleep for at least 7.50 s',
    ]);
  });

  it('shows the other end of a call, also where strace told before of the call that it left it', async () => {
    const worker = (pid: number): Looked => ({ pid, call: 'recvfrom', number: 45, clients: 1, peer: '10.0.0.5:5432' });
    const capture = strace(worker(103), worker(107)).replace(/^(107 .*)<unfinished \.\.\.>$/m, '$1<detached ...>');
    assert.match(capture, /^107 .* <detached \.\.\.>$/m);
    const [first] = await told(capture);
    assert.match(first ?? '', /^stuck-call critical: Both workers are stuck in recvfrom on 10\.0\.0\.5:5432/);
  });
});

it('a worker that hangs from before the capture stands beside those that serve, and is counted', async () => {
  const { trace, worker } = oneWorker(107);
  for (let at = 500; at < 6_000; at += 500) worker.waitUntil(at, LISTENER).serve(11, 'GET /a');
  worker.waitUntil(7_000);
  const end = (BEGIN + SECONDS).toFixed(6);
  const others = [asleep(103, 2), asleep(109, 0)];
  const capture = [
    ...others.map(
      ({ pid }) => `${pid}   ${BEGIN}.000000 restart_syscall(<... resuming interrupted read ...> <unfinished ...>`,
    ),
    trace.text().trimEnd(),
    ...others.map((each) => seen('strace: drover: ', end, { ...each, parent: 100 })),
    '',
  ];
  const report = await analyzed(capture.join('\n'));
  assert.deepEqual(
    report.workers.filter(({ role }) => role !== 'master').map(({ pid, role }) => `${pid} ${role}`),
    ['107 event-loop', '103 unknown'],
  );
  assert.match(workforce(report), /1 worker and 1 that did not come back$/);
});

describe('workers that drover had seen in their call before it traced anything', () => {
  /** A capture of 0.9 s: the master came back from a wait in it. */
  function capture(before: number, number = 230): string {
    const call = number === 230 ? 'clock_nanosleep' : 'epoll_wait';
    const line = (pid: number, called: string, earlier: number, clients: number): string =>
      `event=seen ts=1900000000 for=870000000${earlier > 0 ? ` before=${earlier * 1e6}` : ''} pid=${pid} tid=${pid} ` +
      `parent=${pid === 101 ? 1 : 101} call=${called} ran=0 clients=${clients} comm=gunicorn`;
    return [
      ...[103, 107].map((pid) => `event=in ts=300000000 pid=${pid} tid=${pid} nr=${number} a=b,1,2,3,4,5 data=`),
      'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000',
      ...[10, 13, 16].map(
        (at) => `ts=${at}00000000 dur=300000000 pid=101 tid=101 nr=270 ret=0 a=4,0,0,0 data=\\x08\\x00\\x00\\x00`,
      ),
      'event=end ts=1900000000',
      ...[103, 107].map((pid) => line(pid, call, before, 1)),
      line(101, 'pselect6', 0, 0),
      '',
    ].join('\n');
  }

  it('are stuck where that makes a second of it', async () => {
    assert.deepEqual(await told(capture(130)), [
      'stuck-call critical: Both workers are stuck in clock_nanosleep for at least 1.00 s',
    ]);
    assert.deepEqual(await told(capture(129)), []);
  });

  it('are said to have been in it for all of that time', async () => {
    const [finding] = ofKind(await analyzed(capture(3_130)), 'stuck-call');
    assert.match(finding?.summary ?? '', /since before the capture, for at least 4\.00 s\./);
    const threads = finding?.metrics.threads as readonly { readonly forMs: number }[] | undefined;
    assert.equal(threads?.[0]?.forMs, 4_000);
  });

  it('are at rest in a wait for whatever comes', async () => {
    assert.deepEqual(await told(capture(3_130, 232)), []);
  });
});

describe('workers of which strace has no line, since it cannot stop a thread in an uninterruptible wait', () => {
  const capture = (call: string, forMs = SECONDS * 1_000): string =>
    strace({ pid: 103, call: '-', clients: 1 }, { pid: 107, call: '-', clients: 1 })
      .replaceAll(' call=- ', ` call=${call} `)
      .replaceAll(/for=\d+(?= pid=10[37])/g, `for=${forMs * 1e6}`);

  it('are stuck in what the kernel says, where nobody waits for work in that', async () => {
    assert.deepEqual(await told(capture('newfstatat')), [
      'stuck-call critical: Both workers are stuck in newfstatat for at least 7.00 s',
    ]);
    assert.deepEqual(await told(capture('vfork')), [
      'stuck-call critical: Both workers are stuck in vfork for at least 7.00 s',
    ]);
    const [finding] = ofKind(await analyzed(capture('newfstatat')), 'stuck-call');
    assert.match(finding?.summary ?? '', /for at least 7\.00 s\. They wait for a file system\./);
  });

  it('are not where they may be idle in it, or were seen in it by chance', async () => {
    assert.deepEqual(await told(capture('epoll_wait')), []);
    assert.deepEqual(await told(capture('futex')), []);
    assert.deepEqual(await told(capture('newfstatat', 499)), []);
  });
});

describe('a process that waits for a lock while workers hang', () => {
  /** As uvicorn: the first process waits in a futex; each of the others sleeps while a client is connected. */
  function capture(parent: number): string {
    const futex = 'futex(0x3409c350, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY';
    const end = '1795140807.500000';
    const workers = [asleep(103, 1), asleep(107, 1)].map((each) => ({ ...each, parent }));
    const lines = [
      `101 1795140800.000000 ${futex} <unfinished ...>`,
      ...workers.map(
        ({ pid }) => `${pid} 1795140800.000000 restart_syscall(<... resuming interrupted read ...> <unfinished ...>`,
      ),
      seen('strace: drover: ', end, { pid: 101, parent: 1, call: 'futex', clients: 0 }),
      ...workers.map((each) => seen('strace: drover: ', end, each)),
    ];
    return `${lines.join('\n')}\n`;
  }

  it('is their parent, and no suspect; beside them it may hang as well', async () => {
    const stuck = 'stuck-call critical: Both workers are stuck in clock_nanosleep for at least 7.50 s';
    assert.deepEqual(await told(capture(101)), [
      stuck,
      'stuck-call info: Pid 101 waits in futex for at least 7.50 s: idle or stuck',
    ]);
    assert.equal(
      (await told(capture(90))).includes(
        'stuck-call warning: Pid 101 waits in futex for at least 7.50 s: idle or stuck',
      ),
      true,
    );
  });
});

it('strace calls whatever a thread was in a read: nobody is said to read, or to be idle', async () => {
  const ends = async (call: string): Promise<unknown> => {
    const { workers, outcomes } = await analyzed(
      [
        `103 1795140800.000000 ${call} <unfinished ...>`,
        '101 1795140800.000500 pselect6(4, [3<pipe:[99]>], NULL, NULL, {tv_sec=1, tv_nsec=0}, NULL) = 0 (Timeout) <0.999000>',
        '101 1795140801.000500 pselect6(4, [3<pipe:[99]>], NULL, NULL, {tv_sec=1, tv_nsec=0}, NULL) = 0 (Timeout) <0.999000>',
        '',
      ].join('\n'),
    );
    const end = workers.find(({ pid }) => pid === 103)?.atEnd;
    return [end?.call, end?.idle, outcomes['stuck-call']?.status, outcomes['stuck-call']?.reason];
  };
  assert.deepEqual(await ends('restart_syscall(<... resuming interrupted read ...>'), [
    'restart_syscall',
    'unknown',
    'clear',
    '1 thread in a call when the capture ended: 0 waiting for work or for a time, 1 in a call that strace does not name',
  ]);
  assert.deepEqual(await ends('epoll_wait(7<anon_inode:[eventpoll]>, '), [
    'epoll_wait',
    'yes',
    'clear',
    '1 thread in a call when the capture ended, all waiting for work or for a time',
  ]);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namedColumns } from '../../parsers/bpftrace/named-columns.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { InputError } from '../../src/sources/input-error.ts';
import { memoryInput } from '../support/memory-input.ts';

const NAMES = 'ts pid tid comm call fd ret dur:us'.split(' ');
const LINE = '5833393274671 3387 3389 gunicorn close 3 0 2067';

async function read(text: string, columns?: readonly string[]) {
  const set = {
    kind: 'file',
    paths: ['trace'],
    inputs: [memoryInput('trace', text)],
    leftOut: [],
    notices: [],
  } as const;
  return analyzeInputs(set, columns === undefined ? {} : { columns });
}

async function refusal(text: string, columns?: readonly string[]): Promise<InputError> {
  try {
    await read(text, columns);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  assert.fail(`read: ${text}`);
}

describe('columns that the user names', () => {
  it('are read as named, one line is enough, and the report says how', async () => {
    const report = await read(`${LINE}\n`, NAMES);
    assert.deepEqual(
      report.calls.map(({ call, count, totalMs }) => [call, count, totalMs]),
      [['close', 1, 2.067]],
    );
    assert.deepEqual(
      report.workers.map(({ pid, comm }) => [pid, comm]),
      [[3387, 'gunicorn']],
    );
    assert.ok(report.source.flags.others.includes('columns read as ts:ns pid tid comm call fd ret dur:us'));
  });

  it('have the unit that is named, or that stands behind the number', () => {
    const durationOf = (names: string, line: string): string | undefined =>
      / ?dur=(\d+)/.exec(namedColumns(names.split(' '), [line])?.translate(line) ?? '')?.[1];
    for (const [unit, nanoseconds] of [
      ['ns', '47'],
      ['us', '47000'],
      ['ms', '47000000'],
      ['s', '47000000000'],
    ] as const) {
      assert.equal(durationOf(`ts:s pid call dur:${unit}`, '1790000000.5 7 read 47'), nanoseconds);
      assert.equal(durationOf('ts:s pid call dur', `1790000000.5 7 read 47${unit}`), nanoseconds);
    }
  });

  it('may be a time of day, numbers of calls, and words that are not read', async () => {
    const report = await read('[02:13:37.100] web 7 nr=3 11ms\n', 'ts _ pid _ nr dur'.split(' '));
    assert.deepEqual(
      report.calls.map(({ call }) => call),
      ['close'],
    );
  });

  it('are found inside the records of -f json, printed lines and tuples alike', async () => {
    const printed = `{"type": "attached_probes", "data": {"probes": 3}}\n{"type": "printf", "data": "${LINE}\\n"}\n`;
    assert.equal((await read(printed, NAMES)).calls[0]?.call, 'close');
    const tuple = '{"type": "value", "data": [5833393274671, 3387, 3389, "gunicorn", "close", 3, 0, 2067]}\n';
    assert.equal((await read(tuple, NAMES)).calls[0]?.call, 'close');
  });

  it('are refused in one line where no line has so many words', async () => {
    const { message, hint } = await refusal(`${LINE}\n`, ['ts', 'pid', 'call']);
    assert.equal(message, 'No line of trace has the 3 columns that were named: ts pid call.');
    assert.match(hint, /Name every word of a line, with _ for those that are not read/);
  });

  for (const [names, complaint] of [
    ['ts pid tid com call', '"com" names no column.'],
    ['ts pid call dur:parsec', '"dur:parsec" names no column.'],
    ['ts pid call ret:us', '"ret:us" names no column.'],
    ['pid tid comm call', 'No column is named ts, the time.'],
    ['ts pid comm ret', 'No column is named call, or nr for its number.'],
    ['ts comm call', 'No column is named pid or tid.'],
    ['ts pid pid call', 'Two columns are named pid.'],
  ] as const)
    it(`are refused by name: ${names}`, async () => {
      const { message, hint } = await refusal(`${LINE}\n`, names.split(' '));
      assert.equal(message, complaint);
      assert.match(hint, /^Columns are named ts pid tid comm call nr fd ret dur, _ for what is not read/);
    });
});

describe('without names', () => {
  it('a number with a unit behind it is a duration', async () => {
    const { calls, source } = await read(
      '10:22:01 4711 gunicorn fsync 812 ms\n10:22:03 4711 gunicorn fsync 790 ms\n10:22:05 4712 gunicorn fsync 1205 ms\n',
    );
    assert.deepEqual(
      calls.map(({ call, count, totalMs }) => [call, count, totalMs]),
      [['fsync', 3, 2_807]],
    );
    assert.ok(source.flags.others.includes('columns read as ts tid comm call dur:ms'));
  });

  it('tuples of -f json are read by the vote of the lines, as text is', async () => {
    const rows = [
      [5833393274671, 3387, 'gunicorn', 'close', 0],
      [5833393284671, 3387, 'gunicorn', 'read', 10],
      [5833393294671, 3387, 'gunicorn', 'read', -11],
    ];
    const { calls } = await read(rows.map((row) => `{"type":"value","data":${JSON.stringify(row)}}\n`).join(''));
    assert.deepEqual(calls.map(({ call, count }) => [call, count]).toSorted(), [
      ['close', 1],
      ['read', 2],
    ]);
  });
});

/** Seconds, thread, call, descriptor, result and nanoseconds of calls, in the order in which they returned. */
const CALLS = [
  [5833.000001, 3387, 'accept4', 5, 11, 20_000],
  [5833.0001, 3388, 'accept4', 5, -11, 9_000],
  [5833.000301, 3387, 'read', 11, 59, 12_000],
  [5833.002, 3387, 'write', 11, 120, 31_000],
  [5833.0021, 3387, 'close', 11, 0, 7_000],
  [5834.5, 3388, 'epoll_wait', 7, 0, 1_001_000_000],
  [5834.6, 3387, 'epoll_wait', 7, 1, 2_001_000_000],
] as const;

type Shape = (call: (typeof CALLS)[number]) => string;
const micros = (seconds: number): number => Math.round(seconds * 1e6);

describe('columns that are told by a heading, by labels, or by what calls return', () => {
  const shapes: readonly (readonly [name: string, heading: string, shape: Shape])[] = [
    [
      'commas, with units in the heading',
      'TIME(us),PID,COMM,SYSCALL,FD,RET,LAT(us)',
      ([at, tid, call, fd, ret, ns]) => `${micros(at)},${tid},gunicorn,${call},${fd},${ret},${ns / 1000}`,
    ],
    [
      'tabs, with units behind a line',
      'ts_us\tpid\tcomm\tsyscall\tfd\tret\tlatency_ns',
      ([at, tid, call, fd, ret, ns]) => [micros(at), tid, 'gunicorn', call, fd, ret, ns].join('\t'),
    ],
    [
      'a table whose last column is a unit',
      'TIME            PID     COMM      CALL        FD  RET  ms',
      ([at, tid, call, fd, ret, ns]) =>
        `16:46:${(at - 5800).toFixed(6)} ${tid} gunicorn ${call} ${fd} ${ret} ${(ns / 1e6).toFixed(3)}`,
    ],
    [
      'records of JSON',
      '',
      ([at, tid, call, fd, ret, ns]) =>
        JSON.stringify({ ts_us: micros(at), pid: tid, comm: 'gunicorn', syscall: call, fd, ret, dur_ns: ns }),
    ],
    [
      'labels with colons, the time last',
      '',
      ([at, tid, call, fd, ret, ns]) =>
        `pid:${tid} comm:gunicorn call:${call} fd:${fd} ret:${ret} lat:${ns}ns time_us:${micros(at)}`,
    ],
    [
      'the name of the probe before that of the thread',
      '',
      ([at, tid, call, fd, ret, ns]) =>
        `16:46:${(at - 5800).toFixed(6)} tracepoint:syscalls:sys_exit_${call} gunicorn ${tid} fd ${fd} ` +
        `ret ${ret} took ${ns / 1000} us`,
    ],
    [
      'errors that are told by their number',
      '',
      ([at, tid, call, fd, ret, ns]) =>
        `16:46:${(at - 5800).toFixed(6)} gunicorn[${tid}] ${call} fd=${fd} ` +
        `${ret < 0 ? `failed errno=${-ret}` : `ok ret=${ret}`} ${ns / 1000}us`,
    ],
  ];
  for (const [name, heading, shape] of shapes)
    it(name, async () => {
      const report = await read(`${heading === '' ? '' : `${heading}\n`}${CALLS.map(shape).join('\n')}\n`);
      assert.deepEqual(report.calls.map(({ call, count, maxMs, errors }) => [call, count, maxMs, errors]).toSorted(), [
        ['accept4', 2, 0.02, { EAGAIN: 1 }],
        ['close', 1, 0.007, {}],
        ['epoll_wait', 2, 2001, {}],
        ['read', 1, 0.012, {}],
        ['write', 1, 0.031, {}],
      ]);
      assert.deepEqual(report.workers.map(({ pid, comm, accepted }) => [pid, comm, accepted]).toSorted(), [
        [3387, 'gunicorn', 1],
        [3388, 'gunicorn', 0],
      ]);
      assert.equal(report.quality.unparsedLines, 0);
    });

  it('take no duration for a result: close returns 0, whatever stands behind that', async () => {
    const rows = Array.from(
      { length: 40 },
      (_, i) => `${5833393274671 + i * 1e6} 7 web ${i % 2 ? 'close' : 'read'} 3 ${i % 2 ? 0 : 5} ${i}`,
    );
    const { source } = await read(`${rows.join('\n')}\n`);
    assert.match(source.flags.others.join(), /columns read as ts:ns tid comm call fd ret dur:/);
  });

  it('are no heading of a tool that counts connections', async () => {
    const { message } = await refusal(
      'PID     COMM         Counts\n1331419 nginx         26\n1331411 nginx         24\n',
    );
    assert.match(message, /output of a ready-made tool/);
  });
});

describe('lines of key=value', () => {
  const lineOf = (ts: number, dur: number): string => `ts=${ts} dur=${dur} pid=7 call=epoll_wait fd=6 ret=0`;
  const [first, second, third] = [5_000_000_000, 6_000_000_000, 7_000_000_000];

  it('have the time of the return where threads would be in two calls at a time otherwise', async () => {
    const { source, window } = await read(
      [
        lineOf(first, 900_000_000),
        lineOf(first + 1e8, 99_000_000),
        lineOf(second, 850_000_000),
        lineOf(second + 1e8, 90_000_000),
        lineOf(third, 800_000_000),
        lineOf(third + 1e8, 90_000_000),
        '',
      ].join('\n'),
    );
    assert.equal(window.durationMs, 3000);
    assert.ok(source.flags.others.includes('columns read as ts at the return'));
  });

  it('have that of the entry where nothing speaks against it', async () => {
    const { source, window } = await read([lineOf(first, 900_000_000), lineOf(second, 850_000_000), ''].join('\n'));
    assert.equal(window.durationMs, 1850);
    assert.ok(!source.flags.others.some((flag) => flag.startsWith('columns')));
  });
});

describe('lines without a time', () => {
  const TOOK = [
    'pid=901 comm=gunicorn call=recvfrom took 5012 ms',
    'pid=902 comm=gunicorn call=recvfrom took 11 ms',
    'pid=901 comm=gunicorn call=sendto took 3 ms',
  ];

  it('are read where words name the thread, the call and the unit of its length, and the report says how', async () => {
    for (const count of [1, 3]) {
      const report = await read(`${TOOK.slice(0, count).join('\n')}\n`);
      assert.ok(report.source.flags.others.includes('columns read as pid comm call dur:ms'));
      assert.equal(report.source.flags.timestamps, 'none');
      assert.equal(report.window.durationMs, null);
      assert.deepEqual(
        report.time.slice(0, 1).map(({ pid, call, totalMs }) => [pid, call, totalMs]),
        [[901, 'recvfrom', 5012]],
      );
    }
  });

  it('tell nothing that takes a time: neither when, nor a stall, nor who waited for whom', async () => {
    const { findings, verdict, outcomes } = await read(`${TOOK.join('\n')}\n`);
    assert.deepEqual(findings, []);
    assert.match(verdict.text, /^Cannot tell/);
    assert.equal(outcomes['loop-stall']?.status, 'not-applicable');
  });

  for (const [what, line] of [
    ['the unit', 'pid=901 comm=gunicorn call=recvfrom took 5012'],
    ['the thread', 'who=901 comm=gunicorn call=recvfrom took 5012 ms'],
    ['a call that there is', 'pid=901 comm=gunicorn call=hello took 5012 ms'],
  ] as const)
    it(`are refused without ${what}`, async () => {
      await assert.rejects(read(`${line}\n${line}\n${line}\n`), InputError);
    });
});

describe('a file in which nothing of a process can be read is refused, with what to type', () => {
  for (const [what, text, message, hint] of [
    [
      'messages of bpftrace',
      'Attaching 3 probes...\nLost 3 events\n',
      /^No system call could be read from the 2 lines of trace/,
      /^Record the calls themselves: strace -f -ttt -T/,
    ],
    [
      'one line whose columns cannot be told',
      `Attaching 2 probes...\n${LINE}\n`,
      /columns that drover cannot tell apart/,
      /--columns 'ts pid tid comm call fd ret dur:us' trace/,
    ],
    [
      'maps of something else',
      'Attaching 1 probe...\n@[gunicorn]: 12\n@[nginx]: 7\n',
      /^No system call could be read from the 3 lines of trace: only messages of bpftrace, and maps/,
      /^Record the calls themselves: strace -f -ttt -T/,
    ],
    [
      'messages of strace',
      'strace: Process 12 attached\nstrace: Process 12 detached\n',
      /messages of strace without a single call/,
      /timeout 20|drover reads strace/,
    ],
    [
      'a table of strace without a row',
      '% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ----------------\n------ ----------- ----------- --------- --------- ----------------\n100.00    0.000000           0         0           total\n',
      /^No system call could be read from the 4 lines/,
      /strace -f -ttt -T/,
    ],
    ['nothing', '', /^trace is empty\.$/, /was the right pid attached/],
    ['blank lines', '\n\n', /a file of blank lines/, /drover reads strace/],
  ] as const)
    it(what, async () => {
      const error = await refusal(text);
      assert.match(error.message, message);
      assert.match(error.hint, hint);
    });

  it('but a call that did not come back is a trace', async () => {
    const { workers } = await read('29458 1795657423.715001 flock(4</srv/l.lock>, LOCK_EX <detached ...>\n');
    assert.equal(workers[0]?.atEnd?.call, 'flock');
  });
});

describe('lines that tell when calls returned, and not how long they took', () => {
  /** Two workers; each request is accepted, asks a service and is answered. Seconds in front of each call. */
  const capture = (idle: number, service: number): string => {
    const lines: [at: number, line: string][] = [];
    for (const tid of [101, 102]) {
      let at = tid * 1e6;
      for (let request = 0; request < 7; request++) {
        for (const [after, nr, ret] of [
          [idle, 288, 9],
          [1e-4, 45, 46],
          [1e-4, 42, 0],
          [1e-4, 44, 18],
          [service, 45, 2],
          [1e-4, 44, 138],
          [1e-4, 3, 0],
        ] as const) {
          at += after * 1e9;
          lines.push([at, `${at} gunicorn ${tid} id=${nr} ret=${ret}`]);
        }
      }
    }
    lines.sort(([a], [b]) => a - b);
    return ['Attaching 1 probe...', ...lines.map(([, line]) => line), ''].join('\n');
  };

  it('are charged for the time before them: the workers waited for an answer, and had sent the question', async () => {
    const { findings } = await read(capture(0.001, 2));
    assert.deepEqual(
      findings.map(({ kind, title }) => [kind, /sendto|recvfrom/.exec(title)?.[0]]),
      [['worker-saturation', 'recvfrom']],
    );
    assert.doesNotMatch(JSON.stringify(findings), /listener fd unknown/);
  });

  it('show no busy worker where the time lies before an accept', async () => {
    assert.deepEqual((await read(capture(2, 0.001))).findings, []);
  });
});

describe('names of probes in place of calls', () => {
  const printed = (probes: readonly string[]): string =>
    ['Attaching 3 probes...']
      .concat(
        probes.map((probe, i) => `${5_000_000_000 + i * 1_000_000} 17 17 tracepoint:syscalls:${probe} ${7 - (i % 9)}`),
      )
      .concat('')
      .join('\n');
  const RETURNS = ['sys_exit_recvfrom', 'sys_exit_sendto', 'sys_exit_close', 'sys_exit_accept4', 'sys_exit_recvfrom'];

  it('are read where the program traced returns alone', async () => {
    const { calls } = await read(printed(RETURNS));
    assert.deepEqual(calls.map(({ call, count }) => `${call} ${count}`).toSorted(), [
      'accept4 1',
      'close 1',
      'recvfrom 2',
      'sendto 1',
    ]);
  });

  it('are refused by name where entries stand between returns: each call would count twice', async () => {
    const { message, hint } = await refusal(printed([...RETURNS, 'sys_enter_recvfrom']));
    assert.match(message, /output of bpftrace with names of probes in place of calls/);
    assert.match(String(hint), /strace -f -ttt/);
  });
});

it('what no call could be read from is named: output of a tool, stacks, messages', async () => {
  for (const [lines, name] of [
    [
      'Tracing open syscalls... Hit Ctrl-C to end.\nPID    COMM   FD ERR PATH\n22093  node    5   0 /etc/a\n',
      'ready-made tool',
    ],
    ['\n        perf_syscall_enter+397\n        syscall_trace_enter+384\n', 'stacks of code'],
    ['/usr/sbin/a.bt:1-2: WARNING: vfs_open is not traceable (not there)\n', 'probes that this kernel does not have'],
  ] as const)
    assert.match((await refusal(`Attaching 2 probes...\n${lines}@n: 5\n`)).message, new RegExp(name));
});

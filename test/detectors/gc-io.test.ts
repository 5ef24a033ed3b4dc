import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed, none, ofKind, only } from '../support/analyzed.ts';

const KIND = 'gc-io';
const PYTHON = '/usr/bin/python3.11';
const SEND = 'sendto(7<socket:[5001]>, "x", 1, 0, NULL, 0)';

interface Traced {
  readonly call?: string;
  readonly result?: string;
  readonly ms?: number;
  readonly frames: readonly string[];
  readonly object?: string;
}

/** Calls with their stacks, `SYMBOL+0xOFFSET` or `OBJECT(SYMBOL+0xOFFSET)`, each 50 ms after the other. */
function stacks(...calls: readonly Traced[]): string {
  return calls
    .map(({ call = SEND, result = '1', ms = 0.03, frames, object = PYTHON }, index) => {
      const head = `101   ${(1_795_140_800 + index * 0.05).toFixed(6)} ${call} = ${result} <${(ms / 1000).toFixed(6)}>`;
      return [
        head,
        ...frames.map((frame) => ` > ${frame.startsWith('/') ? frame : `${object}(${frame})`} [0x10b780]`),
      ].join('\n');
    })
    .concat('')
    .join('\n');
}

/** The innermost frames of a call that Python code makes, and what is below. */
function python(...below: readonly string[]): string[] {
  return [
    '/usr/lib/libc.so.6(send+0x19)',
    'sock_send+0x63',
    '_PyEval_EvalFrameDefault+0x8f0',
    'PyObject_CallOneArg+0x42',
    ...below,
  ];
}

const COLLECTED = python(
  'gc_collect_main+0x785',
  '_PyObject_GC_Link+0xd3',
  'PyList_New+0x13a',
  '_PyEval_EvalFrameDefault+0x3419',
);

/** What the detector makes of one stack: how severe, how sure, and by which frame; '' for nothing. */
async function judged(traced: Traced): Promise<string> {
  const report = await analyzed(stacks(traced));
  const [found] = ofKind(report, KIND);
  if (found === undefined) return '';
  const [{ frame }] = found.metrics.calls as unknown as [{ frame: string }];
  return `${found.severity} ${found.confidence} ${frame}`;
}

describe('a call inside the collector', () => {
  // Frames as recorded: a socket's send in a weakref callback, from the innermost frame of the collector outwards.
  const versions: readonly (readonly [version: string, below: readonly string[], judgement: string])[] = [
    [
      '3.6',
      ['handle_weakrefs+0xf3', 'collect+0x3d9', '_PyObject_GC_Malloc+0xe3', '_PyObject_GC_New+0xd'],
      'likely handle_weakrefs',
    ],
    [
      '3.8',
      ['handle_weakrefs+0x14f', 'collect.constprop.1+0x5b1', '_PyObject_GC_Malloc+0xf6'],
      'likely handle_weakrefs',
    ],
    ['3.9', ['collect+0x7f2', '_PyObject_GC_Malloc+0x118', '_PyObject_GC_New+0x12'], 'likely collect'],
    ['3.9, explicit', ['collect+0x7f2', 'gc_collect+0x171'], 'likely collect'],
    ['3.10', ['gc_collect_main+0x7f2', '_PyObject_GC_Malloc+0x118', '_PyObject_GC_New+0x12'], 'likely gc_collect_main'],
    ['3.11', ['gc_collect_main+0x785', '_PyObject_GC_Link+0xd3', '_PyObject_GC_New+0x69'], 'likely gc_collect_main'],
    ['3.12', ['gc_collect_main+0x7d5', '_Py_RunGC+0x91', '_Py_HandlePending+0x124'], 'likely gc_collect_main'],
    ['3.13', ['gc_collect_main+0x695', '_Py_HandlePending+0x124'], 'likely gc_collect_main'],
    [
      '3.8 without symbols',
      ['PyInit_gc+0x9f1', '_PyObject_GC_Malloc+0xf6', '_PyObject_GC_New+0x12'],
      'possible _PyObject_GC_Malloc+0xf6',
    ],
    [
      '3.11 of Debian',
      ['PyObject_GC_Del+0x157d', 'PyThread_init_thread+0x3ca7', '_PyObject_GC_New+0x292'],
      'possible PyObject_GC_Del+0x157d',
    ],
    [
      '3.11 without symbols',
      ['Py_BytesMain+0x1665', 'PyObject_IS_GC+0x113', '_PyObject_GC_New+0x69'],
      'possible PyObject_IS_GC+0x113',
    ],
    [
      '3.12 without symbols',
      ['Py_BytesMain+0x1795', 'PyObject_IS_GC+0x191', 'Py_MakePendingCalls+0x2a8'],
      'possible PyObject_IS_GC+0x191',
    ],
  ];
  for (const [version, below, judgement] of versions) {
    it(`is recognised in CPython ${version}`, async () => {
      assert.equal(
        await judged({ frames: [...python(...below), '_PyEval_EvalFrameDefault+0x3419'] }),
        `warning ${judgement}`,
      );
    });
  }

  it('is recognised in 3.13 and 3.14 by what calls the collector, below a frame without a name', async () => {
    const [evaluates, pending] = ['_PyEval_EvalFrameDefault+0xb586', '_Py_HandlePending+0x35'];
    for (const nameless of ['+0x0', ''])
      assert.equal(await judged({ frames: python(nameless, pending, evaluates) }), `warning possible ${pending}`);
    // With symbols the collector has a name, and so has a handler of a signal.
    assert.equal(await judged({ frames: python('_PyErr_CheckSignalsTstate+0x91', pending, evaluates) }), '');
    // A wait for the interpreter lock, which no code of the language asked for.
    assert.equal(await judged({ frames: ['/usr/bin/python3.13(+0x0)', `/usr/bin/python3.13(${pending})`] }), '');
  });

  it('cannot be told in Ruby without symbols, and that is said', async () => {
    const frames = ['/usr/bin/ruby3.1(vm_exec+0x10)', '/usr/bin/ruby3.1(+0x0)'];
    const { outcomes } = await analyzed(stacks({ frames }));
    assert.equal(outcomes['gc-io']?.status, 'not-applicable');
    assert.match(outcomes['gc-io']?.reason ?? '', /^Ruby without symbols does not name its collector/);
  });

  it('is recognised by exported names of the collector from 0x400 bytes on', async () => {
    assert.equal(await judged({ frames: python('PyObject_GC_Del+0x3ff') }), '');
    assert.equal(await judged({ frames: python('PyObject_GC_Del+0x400') }), 'warning possible PyObject_GC_Del+0x400');
    assert.equal(await judged({ frames: python('PyObject_IS_GC+0x7f') }), '');
    assert.equal(await judged({ frames: python('_PyObject_GC_NewVar+0x374') }), '');
  });

  it('is recognised in PHP, V8 and Ruby', async () => {
    const php = ['__write+0x10', 'execute_ex+0x2be6', 'zend_call_function+0x78a', 'zend_objects_destroy_object+0x1c3'];
    const object = '/usr/bin/php8.2';
    assert.equal(
      await judged({ object, frames: [...php, 'zend_gc_collect_cycles+0x140b'] }),
      'warning likely zend_gc_collect_cycles',
    );
    assert.equal(
      await judged({ object, frames: [...php, 'zend_objects_store_del+0xdc'] }),
      'info likely zend_objects_destroy_object',
    );
    const task = 'v8::internal::FinalizationRegistryCleanupTask::RunInternal()+0x116';
    const v8 = ['uv_fs_write+0x14c', 'Builtins_JSEntry+0x83', task, 'uv_run+0x187'];
    assert.equal(
      await judged({ object: '/usr/bin/node', frames: v8 }),
      'info likely v8::internal::FinalizationRegistryCleanupTask::RunInternal',
    );
    const heap = 'v8::internal::Heap::CollectGarbage(v8::internal::AllocationSpace, v8::GCCallbackFlags)+0x321';
    const callbacks = 'v8::internal::GlobalHandles::InvokeSecondPassPhantomCallbacks()+0x41';
    assert.equal(
      await judged({ object: '/usr/bin/node', frames: ['write+0x4f', callbacks, heap] }),
      'warning likely v8::internal::Heap::CollectGarbage',
    );
    const ruby = [
      '__write+0x10',
      'rb_vm_exec+0xb3',
      'rb_vm_invoke_proc+0x5e',
      'run_final+0x1d',
      'gc_finalize_deferred+0x44',
    ];
    assert.equal(await judged({ object: '/usr/bin/ruby3.1', frames: ruby }), 'warning likely run_final');
  });

  it('needs code of the language between itself and the collector', async () => {
    assert.equal(
      await judged({ frames: ['send+0x19', 'gc_collect_main+0x785', '_PyEval_EvalFrameDefault+0x3419'] }),
      '',
    );
    const waits = 'futex(0x55d0, FUTEX_WAIT_PRIVATE, 0, NULL)';
    const v8 = ['pthread_cond_wait+0x19', 'v8::internal::Heap::CollectGarbage()+0x19', 'Builtins_JSEntry+0x83'];
    assert.equal(await judged({ object: '/usr/bin/node', call: waits, ms: 17, frames: v8 }), '');
  });

  it('is no matter of a name in a program that is no such run-time', async () => {
    assert.equal(await judged({ object: '/usr/bin/my-server', frames: python('collect+0x10') }), '');
  });

  it('ends where its greenlet begins: what is below belongs to whoever started it', async () => {
    const start =
      '/usr/lib/python3/dist-packages/greenlet/_greenlet.cpython-311-x86_64-linux-gnu.so(greenlet::UserGreenlet::g_initialstub(void*)+0x618)';
    assert.equal(await judged({ frames: python(start, 'gc_collect_main+0x785') }), '');
  });

  it('harms nobody while the interpreter ends', async () => {
    assert.equal(
      await judged({ frames: python('gc_collect_main+0x785', 'PyGC_Collect+0x8d', 'Py_FinalizeEx+0x89') }),
      '',
    );
    assert.equal(
      await judged({ frames: python('gc_collect_main+0x7de', '_Py_Finalize.part.0.constprop.0+0x139') }),
      '',
    );
  });

  it('harms nobody either where it was the collector whose callback ends the program', async () => {
    const task = 'v8::internal::FinalizationRegistryCleanupTask::RunInternal()+0x116';
    const ending = (...ends: readonly string[]): string[] => [
      'uv_fs_write+0x14c',
      'Builtins_JSEntry+0x83',
      ...ends,
      'Builtins_JSEntry+0x83',
      task,
    ];
    const object = '/usr/bin/node';
    assert.notEqual(await judged({ object, frames: ending() }), '');
    assert.equal(await judged({ object, frames: ending('node::Stop(node::Environment*)+0x20') }), '');
  });

  it('waits: what returns at once, wakes somebody or waits for the interpreter lock is none', async () => {
    assert.equal(await judged({ call: 'getpid()', frames: COLLECTED }), '');
    assert.equal(await judged({ call: 'futex(0x55d0, FUTEX_WAKE_PRIVATE, 1)', frames: COLLECTED }), '');
    const slice = 'futex(0x8a65f4, FUTEX_WAIT_BITSET_PRIVATE, 0, {tv_sec=80, tv_nsec=1}, FUTEX_BITSET_MATCH_ANY)';
    assert.equal(
      await judged({ call: slice, result: '-1 ETIMEDOUT (Connection timed out)', ms: 5, frames: COLLECTED }),
      '',
    );
    const lock = 'futex(0x55d0, FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME, 0, NULL, FUTEX_BITSET_MATCH_ANY)';
    assert.equal(await judged({ call: lock, result: '0', ms: 0.9, frames: COLLECTED }), '');
    assert.match(await judged({ call: lock, result: '0', ms: 1, frames: COLLECTED }), /^warning/);
  });
});

describe('how bad it is', () => {
  it('is critical from 20 ms on', async () => {
    assert.match(await judged({ ms: 19.9, frames: COLLECTED }), /^warning/);
    assert.match(await judged({ ms: 20, frames: COLLECTED }), /^critical/);
  });

  it('is critical on a socket of a process with greenlets, and not on a file', async () => {
    const green =
      '/usr/lib/python3/dist-packages/gevent/libev/corecext.cpython-311-x86_64-linux-gnu.so(gevent_call+0x7f)';
    assert.match(await judged({ frames: [...COLLECTED, green] }), /^critical/);
    assert.match(
      await judged({ call: 'write(5</var/log/app.log>, "x", 1)', frames: [...COLLECTED, green] }),
      /^warning/,
    );
    const { metrics } = only(
      await analyzed(
        stacks(
          { frames: [...COLLECTED, green] },
          { result: '-1 EAGAIN (Resource temporarily unavailable)', frames: [...COLLECTED, green] },
        ),
      ),
      KIND,
    );
    assert.deepEqual([metrics.count, metrics.switching, metrics.gaveWay], [2, 2, 1]);
    const argv = 'execve("/usr/bin/gunicorn", ["gunicorn", "-k", "eventlet", "app:app"], 0x7ffd /* 5 vars */)';
    const report = await analyzed(stacks({ call: argv, result: '0', frames: ['execve+0x7'] }, { frames: COLLECTED }));
    assert.equal(only(report, KIND).severity, 'critical');
  });

  it('is for information in a finalizer that no collector called', async () => {
    assert.equal(
      await judged({ frames: python('slot_tp_finalize+0x10f', 'subtype_dealloc+0x16c') }),
      'info likely slot_tp_finalize',
    );
    assert.equal(
      await judged({ frames: python('PyObject_ClearWeakRefs+0x393', 'subtype_dealloc+0x4fd') }),
      'info likely PyObject_ClearWeakRefs',
    );
    assert.equal(
      await judged({ frames: python('PyObject_CallFinalizerFromDealloc+0x6f') }),
      'info likely PyObject_CallFinalizerFromDealloc',
    );
    // The neighbour of a name that was stripped, in the stack of any Python function of Debian's 3.11.
    assert.equal(await judged({ frames: python('PyObject_CallFinalizerFromDealloc+0x31e') }), '');
    assert.match(await judged({ frames: python('slot_tp_finalize+0x10f', 'finalize_garbage+0x89') }), /^warning/);
  });
});

describe('the report on calls inside the collector', () => {
  const log = { call: 'sendto(7<socket:[5001]>, "<14>gone\\0", 9, 0, NULL, 0)', result: '9', frames: COLLECTED };
  const connect = 'connect(7<socket:[5001]>, {sa_family=AF_UNIX, sun_path="/dev/log"}, 11)';

  it('counts them by call and target, keeps the longest, and quotes them', async () => {
    const calls = Array.from({ length: 23 }, (_, index) => ({ ...log, ms: 1 + index / 10 }));
    const plain = { call: connect, result: '0', frames: python() };
    const other = { call: 'write(5</var/log/app.log>, "x", 1)', frames: COLLECTED };
    const { metrics, title, summary, evidence } = only(await analyzed(stacks(plain, ...calls, other)), KIND);
    assert.equal(title, '24 calls inside the garbage collector: sendto on unix:/dev/log');
    assert.deepEqual([metrics.count, metrics.longestMs, metrics.switching], [24, 3.2, 0]);
    assert.deepEqual(metrics.targets, { 'sendto on unix:/dev/log': 23, 'write on /var/log/app.log': 1 });
    const kept = metrics.calls as unknown as { pid: number; call: string; atMs: number; durationMs: number }[];
    assert.equal(kept.length, 20);
    assert.ok(kept.every(({ durationMs, pid, call }) => durationMs > 1.2 && pid === 101 && call === 'sendto'));
    assert.match(summary, /sendto on unix:\/dev\/log \(23\), write on \/var\/log\/app\.log \(1\), the longest 3\.2 ms/);
    assert.match(evidence[0]?.text ?? '', /sendto.*<0\.003200>/);
    // The frame that says so stands below its call.
    assert.equal(evidence[1]?.text, ` > ${PYTHON}(gc_collect_main`);
    assert.equal(evidence[1]?.line, (evidence[0]?.line ?? 0) + 5);
  });

  it('looks at the first call of a capture, too, and at frames that come late', async () => {
    assert.equal(only(await analyzed(stacks(log)), KIND).metrics.count, 1);
    const without = Array.from({ length: 300 }, () => ({ frames: [] }));
    // The call that the first late frame belongs to was not kept.
    assert.equal(only(await analyzed(stacks(...without, log, log, log)), KIND).metrics.count, 2);
  });

  it('keeps the stacks of threads apart', async () => {
    const lines = stacks({ frames: COLLECTED }, { frames: python() }).replace(/^101 {3}(\S+5\d+ )/m, '102   $1');
    const { metrics } = only(await analyzed(lines), KIND);
    assert.equal(metrics.count, 1);
    assert.deepEqual(
      (metrics.calls as unknown as { pid: number }[]).map(({ pid }) => pid),
      [101],
    );
  });

  it('says what to record when there are no stacks, and counts the stacks when there is nothing', async () => {
    const report = (text: string): Promise<Report> => analyzed(text);
    const bare = await report(stacks({ frames: [] }));
    assert.equal(bare.outcomes[KIND]?.status, 'not-applicable');
    assert.match(bare.outcomes[KIND]?.reason ?? '', /strace -f -ttt -T -y -s 128 -k -e trace=/);
    const calls = Array.from({ length: 7 }, () => ({ frames: python() }));
    assert.match(none(await report(stacks(...calls)), KIND), /^7 stacks of calls that can wait, none made by/);
  });
});

it('the metrics of calls inside the collector are those of their trace', async () => {
  const own = { frames: COLLECTED };
  const { metrics } = only(
    await analyzed(
      stacks({ ...own, ms: 3 }, { ...own, ms: 11 }, { ...own, call: 'write(2</var/log/a>, "x", 1)', ms: 5 }),
    ),
    KIND,
  );
  const call = { pid: 101, frame: 'gc_collect_main', inside: 'collector' };
  assert.deepEqual(metrics, {
    count: 3,
    totalMs: 19,
    longestMs: 11,
    switching: 0,
    gaveWay: 0,
    inside: 'collector',
    targets: { 'sendto on socket fd 7': 2, 'write on /var/log/a': 1 },
    calls: [
      { ...call, call: 'sendto', target: 'socket fd 7', atMs: 0, durationMs: 3 },
      { ...call, call: 'sendto', target: 'socket fd 7', atMs: 50, durationMs: 11 },
      { ...call, call: 'write', target: '/var/log/a', atMs: 100, durationMs: 5 },
    ],
  });
});

it('a call inside the collector that took no time has a duration all the same', async () => {
  const { metrics } = only(await analyzed(stacks({ ms: 0, frames: COLLECTED })), KIND);
  const [call] = metrics.calls as unknown as readonly { readonly durationMs: number | null }[];
  assert.deepEqual([call?.durationMs, metrics.longestMs], [0, 0]);
});

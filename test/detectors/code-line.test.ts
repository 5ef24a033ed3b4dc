import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactReport } from '../../src/output/redact.ts';
import { analyzed, ofKind } from '../support/analyzed.ts';
import { FRAMES, seenCode } from '../support/code-lines.ts';
import { oneTurn, TURN_START } from '../support/turns.ts';

const STALL_MS = 1_301;

/** One stall of 1.3 s, and what was seen of the code of threads meanwhile. */
function stalled(...all: readonly Parameters<typeof seenCode>[0][]): string {
  return `${oneTurn(STALL_MS).text()}${all.map(seenCode).join('')}`;
}

describe('the line of code of a stall', () => {
  it('is in its title, its sentence, its proof and its frames where somebody looked meanwhile', async () => {
    const [finding] = ofKind(await analyzed(stalled({ at: TURN_START + 700 })), 'loop-stall');
    assert.equal(finding?.title, 'GET /slow holds worker 101 for 1.30 s: no system call, app.py:12 application()');
    assert.match(finding.summary, /py-spy saw application\(\) at \/srv\/app\.py:12\./);
    assert.match(finding.evidence.at(-1)?.text ?? '', /event=code .* frames=dumps@/);
    assert.equal(finding.next[0]?.text, 'Open /srv/app.py:12: application() is the code that ran.');
    assert.ok(finding.next.every(({ command = '' }) => !command.includes('py-spy')));
    const [stall] = finding.metrics.stalls as readonly { readonly frames: unknown }[];
    assert.deepEqual(stall?.frames, [
      { function: 'dumps', file: '/usr/lib/python3.11/json/__init__.py', line: 231, isApplication: false },
      { function: 'application', file: '/srv/app.py', line: 12, isApplication: true },
      { function: 'run', file: '/usr/lib/python3/x.py', line: 3, isApplication: false },
    ]);
  });

  for (const [when, looked] of [
    ['somebody had begun to look before it', { at: TURN_START + 10, took: 11 }],
    ['the look ended after it', { at: TURN_START + STALL_MS + 1 }],
    ['another thread was seen', { at: TURN_START + 700, tid: 103 }],
  ] as const)
    it(`is not told where ${when}`, async () => {
      const [finding] = ofKind(await analyzed(stalled(looked)), 'loop-stall');
      assert.equal(finding?.title, 'GET /slow holds worker 101 for 1.30 s: computes, or waits for a CPU');
      assert.equal((finding.metrics.stalls as readonly { readonly frames?: unknown }[])[0]?.frames, undefined);
    });

  it('is not told where the stack shows libraries alone, whose frames stay', async () => {
    const report = await analyzed(stalled({ at: TURN_START + 700, frames: 'run@/x/site-packages/gevent/hub.py:647' }));
    const [finding] = ofKind(report, 'loop-stall');
    assert.equal(finding?.title, 'GET /slow holds worker 101 for 1.30 s: computes, or waits for a CPU');
    assert.equal((finding.metrics.stalls as readonly { readonly frames: readonly unknown[] }[])[0]?.frames.length, 1);
  });

  it('gives way in a title of which it would be too much, its function first', async () => {
    const long = `${'handle_checkout_'.repeat(4)}@/srv/shop/checkout/views.py:1207`;
    const [finding] = ofKind(await analyzed(stalled({ at: TURN_START + 700, frames: long })), 'loop-stall');
    assert.match(finding?.title ?? '', /, views\.py:1207/);
    assert.ok((finding?.title.length ?? 99) <= 78);
  });

  it('shows no more of a hostile name than of a name, and no secret of a path', async () => {
    const frames = 'a%0a%1b%5b31m%20GET%20%2f%3ftoken%3dsesame@/srv/sess_9f8e7d6c5b4a39281706f5e4d3c2b1a0/app.py:3';
    const report = redactReport(await analyzed(stalled({ at: TURN_START + 700, frames })));
    const printed = JSON.stringify(ofKind(report, 'loop-stall'));
    assert.doesNotMatch(printed, /sesame|9f8e7d6c|\\u001b|\\n/);
    assert.match(printed, /app\.py:3/);
  });

  it('stays in the masked line that proves it', async () => {
    const report = redactReport(await analyzed(stalled({ at: TURN_START + 700 })));
    const [finding] = ofKind(report, 'loop-stall');
    assert.match(finding?.evidence.at(-1)?.text ?? '', new RegExp(`by=py-spy frames=${FRAMES}$`));
  });
});

describe('the stack of a call, as strace -k prints it', () => {
  const FRAMES_OF_CALL = [
    ' > /usr/lib/x86_64-linux-gnu/libc.so.6(clock_nanosleep+0x23) [0xcf503]',
    ' > /usr/lib/x86_64-linux-gnu/librdkafka.so.1(rd_kafka_flush+0x45) [0xff295]',
    ' > /usr/lib/python3/dist-packages/confluent_kafka/cimpl.cpython-311-x86_64-linux-gnu.so() [0xa42b]',
    ' > /usr/bin/python3.11(_PyEval_EvalFrameDefault+0x8f0) [0x12b9e0]',
  ];

  /** One stall of 1.3 s with a sleep of so many milliseconds, which has these frames. */
  function asleep(ms: number, frames: readonly string[]): string {
    const nap = 'clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=1}, ';
    return oneTurn(STALL_MS, (worker) => worker.call(nap, 'NULL)', 0, ms))
      .text()
      .replace(/^.*clock_nanosleep.*$/m, (line) => [line, ...frames].join('\n'));
  }

  it('names the library that made the call which the stall is', async () => {
    const [finding] = ofKind(await analyzed(asleep(1_200, FRAMES_OF_CALL)), 'loop-stall');
    assert.equal(finding?.title, 'GET /slow holds worker 101 1.30 s: sleeps, librdkafka.so.1 rd_kafka_flush()');
    assert.match(finding.summary, /It was called from rd_kafka_flush\(\) of librdkafka\.so\.1\./);
    const [stall] = finding.metrics.stalls as readonly { readonly frames: readonly unknown[] }[];
    assert.deepEqual(stall?.frames[1], {
      function: 'rd_kafka_flush',
      file: 'librdkafka.so.1',
      line: null,
      isApplication: true,
    });
  });

  it('says nothing of a stall that was mostly something else', async () => {
    const [finding] = ofKind(await analyzed(asleep(300, FRAMES_OF_CALL)), 'loop-stall');
    assert.doesNotMatch(finding?.title ?? '', /rdkafka/);
  });

  it('names no function by a symbol far before it', async () => {
    const frames = [' > /usr/lib/libpq.so.5(PQfreeCancel+0x1f45) [0xff295]'];
    const [finding] = ofKind(await analyzed(asleep(1_200, frames)), 'loop-stall');
    assert.equal(finding?.title, 'GET /slow holds worker 101 for 1.30 s: sleeps (clock_nanosleep), libpq.so.5');
  });

  it('says nothing where only the interpreter and the C library are in it', async () => {
    const frames = [FRAMES_OF_CALL[0] ?? '', FRAMES_OF_CALL[3] ?? ''];
    const [finding] = ofKind(await analyzed(asleep(1_200, frames)), 'loop-stall');
    assert.equal(finding?.title, 'GET /slow holds worker 101 for 1.30 s: sleeps (clock_nanosleep)');
  });
});

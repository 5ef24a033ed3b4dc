import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectFormat } from '../../parsers/registry.ts';
import { Analysis } from '../../src/analysis/analysis.ts';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { InputSummary } from '../../src/pipeline/input-summary.ts';
import { peek } from '../../src/pipeline/peeked-input.ts';
import { simpleLinesModule } from '../../src/pipeline/simple-lines-module.ts';
import { ThreadedInput } from '../../src/pipeline/threaded-input.ts';
import { openInputs } from '../../src/sources/open-inputs.ts';
import type { InputSet } from '../../src/sources/trace-input.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';
import { memoryInput } from '../support/memory-input.ts';
import { sample, samples } from '../support/truth.ts';

/** The report of one input that is parsed in a thread of its own, however small it is. */
async function analyzeThreaded(set: InputSet): Promise<Report> {
  const [input] = set.inputs;
  assert.ok(input);
  const peeked = await peek(input, 1);
  const format = detectFormat(peeked.head);
  assert.ok(format);
  const origin = createTimeOrigin();
  const summary = new InputSummary(set);
  const reading = new ThreadedInput(peeked, format, origin);
  summary.open(reading);
  const analysis = new Analysis(origin, {});
  while (await reading.refill())
    for (let record = reading.parser.next(); record !== null; record = reading.parser.next()) analysis.accept(record);
  return analysis.finish(summary.facts());
}

describe('an input parsed in a thread of its own', () => {
  for (const { name, trace } of samples().filter((sample) => sample.trace.endsWith('.strace.gz'))) {
    it(`gives the same report as one that is not: ${name}`, async () => {
      assert.deepEqual(await analyzeThreaded(openInputs([trace])), await analyzeInputs(openInputs([trace]), {}));
    });
  }

  it('gives the same report without the assembly that reads simple lines', async (context) => {
    const { trace } = sample('distracted-worker');
    context.after(() => Reflect.deleteProperty(process.env, 'DROVER_WASM'));
    process.env['DROVER_WASM'] = '0';
    assert.equal(simpleLinesModule(), null);
    assert.deepEqual(await analyzeThreaded(openInputs([trace])), await analyzeInputs(openInputs([trace]), {}));
  });

  it('gives the same report when chunks are small, so that lines and calls go over their ends', async () => {
    const lines = Array.from({ length: 997 }, (_, i) => [
      `101 1700000000.${String(i * 1000).padStart(6, '0')} accept4(3<socket:[11]>,  <unfinished ...>`,
      `102 1700000000.${String(i * 1000 + 100).padStart(6, '0')} write(2</tmp/log>, "caf\\303\\251 é", 7) = 7 <0.000011>`,
      `101 1700000000.${String(i * 1000 + 300).padStart(6, '0')} <... accept4 resumed>NULL, NULL, SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable) <0.000300>`,
    ]).flat();
    const text = `${lines.join('\n')}\n101 1700000001.5 epoll_wait(7<anon_inode:[eventpoll]>,  <unfinished ...>\n103 1700000001.6 poll([{fd=3}], 1, -1 <unfinished ...>\n102 1700000001.7 --- SIGTERM {si_signo=SIGTERM} ---\n102 1700000001.8 +++ killed by SIGTERM +++\n`;
    const set = (): InputSet => ({
      kind: 'file',
      paths: ['trace'],
      notices: [],
      leftOut: [],
      inputs: [memoryInput('trace', text, { chunkBytes: 5_003 })],
    });
    assert.deepEqual(await analyzeThreaded(set()), await analyzeInputs(set(), {}));
  });

  it('knows the line before a gap in which the second half of a call was lost', async () => {
    const text = `102 15:43:32.403747 wait4(-1, NULL, 0, NULL) = 102
102 15:44:31.632092 flock(8</run/a.lock>, LOCK_EX <unfinished ...>
102 15:44:31.632158 read(3, 0x5581, 4096) = -1 ECONNRESET (Connection reset by peer)
`;
    const set = (): InputSet => ({
      kind: 'file',
      paths: ['trace'],
      notices: [],
      leftOut: [],
      inputs: [memoryInput('trace', text)],
    });
    assert.deepEqual(await analyzeThreaded(set()), await analyzeInputs(set(), {}));
  });

  it('knows that a call had not come back when a fault is the last line', async () => {
    const text = `10:52:24 fcntl(8, F_DUPFD_CLOEXEC, 7 <unfinished ...>
10:52:24 --- SIGABRT {si_signo=SIGABRT, si_code=SI_USER, si_pid=7} ---
`;
    const set = (): InputSet => ({
      kind: 'file',
      paths: ['trace'],
      notices: [],
      leftOut: [],
      inputs: [memoryInput('trace', text)],
    });
    assert.deepEqual(await analyzeThreaded(set()), await analyzeInputs(set(), {}));
  });

  it('leaves out the names of arguments that strace -N prints', async () => {
    const line =
      'accept4(sockfd=3<socket:[11]>, addr=0x7ffc, addrlen=[16], flags=SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable)';
    const lines = Array.from({ length: 101 }, (_, i) => `101 ${1_700_000_000 + i}.000000 ${line} <0.000300>`);
    const peeked = await peek(memoryInput('trace', `${lines.join('\n')}\n`, { chunkBytes: 4_096 }), 1);
    const format = detectFormat(peeked.head);
    assert.ok(format);
    const reading = new ThreadedInput(peeked, format, createTimeOrigin());
    // Judged after the end: a thread that still runs would keep the process from ending.
    const read: string[] = [];
    while (await reading.refill())
      for (let record = reading.parser.next(); record !== null; record = reading.parser.next())
        read.push(record.kind === 'call' ? record.arguments.text : '');
    assert.deepEqual(read, new Array(101).fill('3<socket:[11]>, 0x7ffc, [16], SOCK_CLOEXEC'));
  });
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { LaneTable } from '../../parsers/lanes.ts';
import { straceFormat } from '../../parsers/strace/format.ts';
import { InputSummary } from '../../src/pipeline/input-summary.ts';
import { OpenInput } from '../../src/pipeline/open-input.ts';
import { peek } from '../../src/pipeline/peeked-input.ts';
import { createTimeOrigin } from '../../src/trace/time.ts';
import { memoryInput } from '../support/memory-input.ts';
import { EPOCH, workerLines } from '../support/worker-lines.ts';

/** Reads inputs one after the other to their ends and closes them. */
async function readAll(texts: Readonly<Record<string, string>>): Promise<InputSummary> {
  const inputs = Object.entries(texts).map(([name, text]) => memoryInput(name, text));
  const shared = { lanes: new LaneTable(), origin: createTimeOrigin() };
  const summary = new InputSummary({ kind: 'file', paths: [], inputs, leftOut: [], notices: [] });
  for (const input of inputs) {
    const open = new OpenInput(await peek(input, 1), straceFormat, shared);
    summary.open(open);
    while (await open.refill()) while (open.parser.next() !== null);
    summary.close(open);
  }
  return summary;
}

test('calls that had not returned are known after their file was closed', async () => {
  const summary = await readAll({
    a: workerLines({ pid: 17 }),
    b: `${workerLines({ pid: 19 })}19 ${EPOCH + 5}.000000 futex(0x7f00, FUTEX_WAIT, 2, NULL <unfinished ...>\n`,
    c: workerLines({ pid: 23 }),
  });
  assert.deepEqual(
    [...summary.facts().inFlight].map(({ syscall, lane }) => [syscall.name, lane.tid]),
    [['futex', 19]],
  );
  assert.deepEqual([...summary.facts().inFlight].length, 1, 'and when asked again');
});

test('flags are those that any of the files shows', async () => {
  const { source } = (
    await readAll({
      a: workerLines({ pid: 17, untimed: true }),
      b: workerLines({ pid: 19, call: 'read(7<socket:[8]>, "x", 1)' }),
      c: workerLines({ pid: 23 }),
    })
  ).facts();
  assert.deepEqual(source.flags, {
    timestamps: 'epoch',
    durations: true,
    pids: true,
    fdDecoration: 'path',
    stacks: false,
    others: [],
  });
});

test('diagnostics of one kind are counted together, with few samples', async () => {
  const foreign = 'GET / HTTP/1.1 200 from the access log\n'.repeat(7);
  const { diagnostics } = (
    await readAll({ a: workerLines({ pid: 17 }) + foreign, b: workerLines({ pid: 19 }) + foreign })
  ).facts();
  assert.equal(diagnostics.get('foreign-line')?.count, 14);
  const samples = diagnostics.get('foreign-line')?.samples ?? [];
  assert.ok(samples.length > 0 && samples.length <= 5);
  assert.deepEqual([samples[0]?.file, samples[0]?.line], ['a', 24]);
});

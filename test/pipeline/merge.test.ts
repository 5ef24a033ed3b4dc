import assert from 'node:assert/strict';
import test from 'node:test';
import { LaneTable } from '../../parsers/lanes.ts';
import { detectFormat } from '../../parsers/registry.ts';
import { type MergeSteps, mergeInputs } from '../../src/pipeline/merge.ts';
import { MergedClock } from '../../src/pipeline/merged-clock.ts';
import { OpenInput } from '../../src/pipeline/open-input.ts';
import { peek } from '../../src/pipeline/peeked-input.ts';
import { scan } from '../../src/pipeline/scan.ts';
import type { TraceInput } from '../../src/sources/trace-input.ts';
import { memoryInput } from '../support/memory-input.ts';
import { EPOCH, workerLines } from '../support/worker-lines.ts';

interface Accepted {
  readonly file: string;
  readonly line: number;
  readonly endMs: number;
}

/**
 * Scans and merges inputs as the drive loop does, and gives the calls in the order in which an analysis would get them.
 */
async function merged(
  inputs: readonly TraceInput[],
  most?: number,
): Promise<{ accepted: Accepted[]; mostOpen: number; late: readonly string[]; skipped: readonly string[] }> {
  const { inputs: scanned, origin, skipped } = await scan(inputs);
  const shared = { lanes: new LaneTable(), origin };
  const accepted: Accepted[] = [];
  let open = 0;
  let mostOpen = 0;
  const late: string[] = [];
  const waiting = scanned.map(({ input, format, start }) => ({
    start,
    open: async () => {
      open++;
      mostOpen = Math.max(mostOpen, open);
      return new OpenInput(await peek(input, inputs.length), format, shared);
    },
  }));
  const steps: MergeSteps = {
    clock: new MergedClock(),
    leapt: () => assert.fail('no clock was set'),
    accept: (record) => {
      if (record.kind === 'call') accepted.push({ file: record.file, line: record.line, endMs: record.end / 1e6 });
    },
    chunkRead: () => undefined,
    closed: () => {
      open--;
    },
    late: ({ input }) => late.push(input.name),
  };
  await mergeInputs(waiting, steps, most);
  assert.equal(open, 0);
  return { accepted, mostOpen, late, skipped: skipped.map(({ name }) => name) };
}

function order(accepted: readonly Accepted[]): string {
  return accepted.map(({ file, line }) => `${file}${line}`).join(' ');
}

test('calls of several files are passed on in the order in which they returned', async () => {
  const { accepted } = await merged([
    memoryInput(
      'a',
      `${EPOCH}.000000 read(3, "", 1) = 0 <0.000010>\n${EPOCH}.100000 epoll_wait(4, [], 64, 500) = 0 <0.500000>\n`,
      {
        tid: 17,
      },
    ),
    memoryInput(
      'b',
      `${EPOCH}.050000 read(3, "", 1) = 0 <0.000010>\n${EPOCH}.300000 read(3, "", 1) = 0 <0.000010>\n${EPOCH}.700000 read(3, "", 1) = 0 <0.000010>\n`,
      { tid: 19 },
    ),
  ]);
  assert.equal(order(accepted), 'a1 b1 b2 a2 b3');
});

test('the axis begins with the earliest file, whichever was named first', async () => {
  const { accepted } = await merged([
    memoryInput('late', workerLines({ from: EPOCH + 5, count: 2 }), { tid: 17 }),
    memoryInput('early', workerLines({ from: EPOCH + 0.25, count: 2 }), { tid: 19 }),
  ]);
  assert.equal(order(accepted), 'early1 early2 late1 late2');
  assert.deepEqual(
    accepted.map(({ endMs }) => endMs.toFixed(2)),
    ['0.02', '1.02', '4750.02', '4751.02'],
  );
});

test('lines of one file keep their order when its clock was set back', async () => {
  const stepped = [3, 4, 1, 5].map((second) => `${EPOCH + second}.000000 read(3, "", 1) = 0 <0.000010>\n`).join('');
  const { accepted } = await merged([
    memoryInput('a', stepped, { tid: 17 }),
    memoryInput('b', workerLines({ from: EPOCH + 3.5, step: 1, count: 2 }), { tid: 19 }),
  ]);
  assert.deepEqual(
    accepted.filter(({ file }) => file === 'a').map(({ line }) => line),
    [1, 2, 3, 4],
  );
  assert.ok(order(accepted).startsWith('a1 b1 a2'));
});

test('a hundred files come out sorted, and only those that overlap are open together', async () => {
  const inputs = Array.from({ length: 101 }, (_, index) => {
    // A permutation: file 0 begins at 0, file 1 at 37, file 2 at 74, file 3 at 10…
    const slot = (index * 37) % 101;
    return memoryInput(`f${index}:`, workerLines({ from: EPOCH + slot, step: 0.11, count: 23 }), { tid: index + 100 });
  });
  const { accepted, mostOpen } = await merged(inputs);
  assert.equal(accepted.length, 101 * 23);
  assert.ok(accepted.every(({ endMs }, index) => index === 0 || endMs >= (accepted[index - 1] as Accepted).endMs));
  // Each file lasts 2.4 s and one begins every second.
  assert.ok(mostOpen <= 4, `${mostOpen} were open`);
});

test('files without times are read one after the other, in the order in which they were named', async () => {
  const { accepted, mostOpen } = await merged(
    ['b', 'c', 'a'].map((name, index) =>
      memoryInput(name, workerLines({ untimed: true, count: 3 }), { tid: 17 + index }),
    ),
  );
  assert.equal(order(accepted), 'b1 b2 b3 c1 c2 c3 a1 a2 a3');
  assert.equal(mostOpen, 1);
});

test('empty files of a set are left out silently, files of no known format are told', async () => {
  const { accepted, skipped } = await merged([
    memoryInput('a', workerLines({ count: 2 }), { tid: 17 }),
    memoryInput('b', '', { tid: 19 }),
    memoryInput('c', 'Dear all,\nplease find attached\n', { tid: 23 }),
  ]);
  assert.equal(order(accepted), 'a1 a2');
  assert.deepEqual(skipped, ['c']);
});

test('a file whose clock cannot be compared with the others is left out and told', async () => {
  const { accepted, skipped } = await merged([
    memoryInput('epoch', workerLines({ count: 2 }), { tid: 17 }),
    memoryInput('clock', '02:13:37.000001 read(3, "", 1) = 0 <0.000010>\n'.repeat(3), { tid: 19 }),
  ]);
  assert.equal(order(accepted), 'epoch1 epoch2');
  assert.deepEqual(skipped, ['clock']);
});

test('records are the same however the bytes are cut', async () => {
  const texts = [17, 19, 23].map((tid) => workerLines({ from: EPOCH + tid / 1_000, count: 53 }));
  const orders = await Promise.all(
    [1, 61, 4_096, 1_000_000].map(async (chunkBytes) =>
      order(
        (await merged(texts.map((text, index) => memoryInput(`f${index}:`, text, { tid: index + 1, chunkBytes }))))
          .accepted,
      ),
    ),
  );
  assert.equal(new Set(orders).size, 1);
});

test('the head of this fixture is a trace', () => {
  assert.equal(detectFormat(Buffer.from(workerLines()))?.id, 'strace');
});

test('of more files than may be open the further ones wait; all lines are read, the late ones are told', async () => {
  const inputs = Array.from({ length: 7 }, (_, i) =>
    memoryInput(`f${i}`, workerLines({ from: EPOCH + i / 100, step: 1, count: 3 }), { tid: 11 + i }),
  );
  const { accepted, mostOpen, late } = await merged(inputs, 5);
  assert.equal(mostOpen, 5);
  assert.deepEqual(late, ['f5', 'f6']);
  assert.equal(
    new Set(accepted.map(({ file, line }) => `${file}:${line}`)).size,
    (await merged(inputs)).accepted.length,
  );
  assert.deepEqual((await merged(inputs, 7)).late, []);
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { InputError } from '../../src/sources/input-error.ts';
import { arrivals } from '../support/arrivals.ts';
import { memoryInput } from '../support/memory-input.ts';
import { prefork } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';
import { turn } from '../support/turns.ts';

/** A trace that holds a herd, stalls, a hang-up, a failed reply and its retry. */
function everything(): string {
  const { trace, workers } = prefork([101, 102, 103]);
  arrivals(workers, { connections: 13, wasted: 23 });
  for (const [place, worker] of workers.entries()) {
    turn(worker, 300 + place, 230, (each) => each.call('flock(21</run/a.lock>, LOCK_EX', ')', 0, 200));
    worker
      .waitUntil(700 + place, LISTENER)
      .accept(11)
      .read(11, 'GET /lost')
      .waitUntil(800 + place, 11)
      .readEnd(11)
      .close(11);
    worker
      .waitUntil(900 + place, LISTENER)
      .accept(11)
      .read(11, `GET /late/${place}`)
      .gap(150)
      .replyFails(11)
      .close(11);
    worker
      .waitUntil(1200 + place, LISTENER)
      .serve(12, `GET /late/${place}`)
      .waitUntil(1300);
  }
  return trace.text();
}

/** A number generator with a seed (mulberry32), so that a failure can be repeated. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below) | 0;
  };
}

const NOISE = [
  '<',
  '>',
  '"',
  '\\',
  ')',
  ' = ',
  ' <unfinished ...>',
  '<... accept4 resumed>',
  '\0',
  '-1',
  '99999999999999999999',
  'NaN',
  '\u00e9',
  ', ',
  '7',
];

/** Lines that are missing, doubled, moved, cut, or have noise in them. */
function damaged(lines: readonly string[], random: (below: number) => number): string {
  const changed = [...lines];
  for (let blow = 0; blow < 1 + random(40); blow++) {
    const at = random(changed.length);
    const line = changed[at] ?? '';
    const place = random(line.length + 1);
    switch (random(5)) {
      case 0:
        changed.splice(at, 1);
        break;
      case 1:
        changed.splice(random(changed.length), 0, line);
        break;
      case 2:
        changed.splice(random(changed.length), 0, ...changed.splice(at, 1));
        break;
      case 3:
        changed[at] = line.slice(0, place);
        break;
      default:
        changed[at] = `${line.slice(0, place)}${NOISE[random(NOISE.length)]}${line.slice(place + random(9))}`;
    }
  }
  return changed.join('\n');
}

/** Numbers that no damage excuses: not a number, infinite, a negative time span. */
function assertSound(value: unknown, path: string): void {
  if (typeof value === 'number') {
    assert.ok(Number.isFinite(value), `${path} is ${value}`);
    if (/(?:stall|call|own|waiting|behind|age|total|longest|gap)Ms$/i.test(path))
      assert.ok(value >= 0, `${path} is ${value}`);
  } else if (value !== null && typeof value === 'object') {
    for (const [key, inner] of Object.entries(value)) assertSound(inner, `${path}.${key}`);
  }
}

async function reportOn(text: string): Promise<Report | null> {
  try {
    return await analyzeInputs(
      {
        kind: 'file',
        paths: ['trace'],
        inputs: [memoryInput('trace', text, { chunkBytes: 4_096 })],
        leftOut: [],
        notices: [],
      },
      {},
    );
  } catch (error) {
    // Too little may be left of it to be known as a trace.
    if (error instanceof InputError) return null;
    throw error;
  }
}

it('the undamaged trace holds every kind of finding', async () => {
  const report = await reportOn(everything());
  const kinds = new Set(report?.findings.map(({ kind }) => kind));
  for (const kind of [
    'thundering-herd',
    'loop-stall',
    'service-stall',
    'broken-pipe',
    'abandoned-request',
    'request-retry',
  ] as const)
    assert.ok(kinds.has(kind), kind);
});

it('whatever damages a trace, no detector breaks and no number is senseless', async () => {
  const lines = everything().trimEnd().split('\n');
  for (let seed = 1; seed <= 400; seed++) {
    const report = await reportOn(damaged(lines, generator(seed)));
    if (report === null) continue;
    for (const [kind, outcome] of Object.entries(report.outcomes))
      assert.notEqual(outcome?.status, 'failed', `seed ${seed}: ${kind}: ${outcome?.reason}`);
    assertSound(report.findings, `seed ${seed}: findings`);
    assertSound(report.workers, `seed ${seed}: workers`);
  }
});

it('cut anywhere, a trace tells what it holds up to there', async () => {
  const text = everything();
  let most = 0;
  for (let length = 200; length <= text.length; length += 997) {
    const report = await reportOn(text.slice(0, length));
    assert.ok(report !== null);
    for (const [kind, outcome] of Object.entries(report.outcomes))
      assert.notEqual(outcome?.status, 'failed', `${kind} after ${length} bytes`);
    const accepted = report.workers.reduce((sum, worker) => sum + worker.accepted, 0);
    assert.ok(accepted >= most, 'what was counted stays counted');
    most = accepted;
  }
});

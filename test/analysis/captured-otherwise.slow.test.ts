import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { after, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { memoryInput } from '../support/memory-input.ts';
import { samples } from '../support/truth.ts';

/** Larger ones take longer than a quick test may. */
const MOST_PACKED_BYTES = 60_000;
const LEAST_SECONDS = 1;
/** strace writes a pid in front of each line, and epoch seconds. */
const LINE = /^(\d+) +(\d{9,}\.\d+) /;

interface Recorded {
  readonly name: string;
  readonly lines: readonly string[];
  readonly isHealthy: boolean;
}

async function reportOn(lines: readonly string[]): Promise<Report> {
  const input = memoryInput('trace', `${lines.join('\n')}\n`, { chunkBytes: 65_536 });
  return analyzeInputs({ kind: 'file', paths: ['trace'], inputs: [input], leftOut: [], notices: [] }, {});
}

/** Kinds worth waking somebody for, with how bad they are. */
function loud({ findings }: Report): string[] {
  const found = findings.filter(({ severity }) => severity !== 'info');
  return [...new Set(found.map(({ kind, severity }) => `${kind} ${severity}`))].sort();
}

/** The lines with other pids; every number that is one of a traced process counts as a pid. */
function renumbered(lines: readonly string[], pidOf: (place: number, processes: number) => number): string[] {
  const pids = [...new Set(lines.map((line) => Number(LINE.exec(line)?.[1])))].sort((a, b) => a - b);
  const others = new Map(pids.map((pid, place) => [String(pid), String(pidOf(place, pids.length))]));
  return lines.map((line) =>
    line.replace(/(?<![\w.:"\\/])\d{3,7}(?![\w.:])/g, (number) => others.get(number) ?? number),
  );
}

/** A part of the capture, from and to between 0 and 1. */
function partOf(lines: readonly string[], from: number, to: number): string[] {
  const times = lines.map((line) => Number(LINE.exec(line)?.[2]));
  const first = times[0] as number;
  const span = (times.at(-1) as number) - first;
  return lines.filter((_, index) => {
    const place = ((times[index] as number) - first) / span;
    return place >= from && place <= to;
  });
}

function secondsOf(lines: readonly string[]): number {
  const at = (index: number): number => Number(LINE.exec(lines.at(index) ?? '')?.[2]);
  return at(-1) - at(0);
}

const recorded: readonly Recorded[] = samples()
  .filter(({ trace }) => trace.endsWith('.strace.gz') && statSync(trace).size <= MOST_PACKED_BYTES)
  .map(({ name, trace }) => ({
    name,
    lines: gunzipSync(readFileSync(trace)).toString('latin1').trimEnd().split('\n'),
    isHealthy: name.includes('/healthy'),
  }))
  // Lines of stacks have no time of their own, and parts of less than a second say nothing of a server.
  .filter(({ lines }) => lines.every((line) => LINE.test(line)) && secondsOf(lines) >= LEAST_SECONDS);

it('there are samples of both sorts', () => {
  assert.ok(recorded.filter(({ isHealthy }) => isHealthy).length >= 11);
  assert.ok(recorded.filter(({ isHealthy }) => !isHealthy).length >= 11);
});

/** Blocks of lines that were missed. */
let withHoles = 0;

for (const { name, lines, isHealthy } of recorded) {
  describe(`sample ${name}, captured otherwise`, async () => {
    const whole = await reportOn(lines);

    it('has the same report with pids in the other order, and with pids of seven digits', async () => {
      for (const pidOf of [
        (place: number, processes: number) => 90_001 + (processes - place) * 7,
        (place: number) => 1_234_567 + place * 3,
      ]) {
        const { verdict, ...other } = await reportOn(renumbered(lines, pidOf));
        assert.deepEqual(loud({ verdict, ...other }), loud(whole));
        assert.deepEqual([verdict.severity, verdict.confidence], [whole.verdict.severity, whole.verdict.confidence]);
      }
    });

    if (isHealthy && loud(whole).length === 0)
      it('is warned of nothing in a part of it', async () => {
        for (const [from, to] of [
          [0.3, 1],
          [0, 0.7],
          [0.25, 0.75],
        ] as const)
          assert.deepEqual(loud(await reportOn(partOf(lines, from, to))), [], `${from} to ${to}`);
      });

    if (isHealthy && loud(whole).length === 0)
      it('is warned of no stall, and not cleared, where a block of its lines is known to be missing', async () => {
        const { quality, outcomes, ...other } = await reportOn([...partOf(lines, 0, 0.45), ...partOf(lines, 0.55, 1)]);
        if (!quality.notes.some((note) => note.startsWith('All lines of'))) return;
        withHoles++;
        assert.deepEqual(
          loud({ quality, outcomes, ...other }).filter((kind) => kind.includes('stall')),
          [],
        );
        for (const [kind, outcome] of Object.entries(outcomes)) assert.notEqual(outcome?.status, 'clear', kind);
      });

    // A hang is known by its last lines, a herd is told as info.
    if (whole.verdict.severity === 'critical' && loud(whole).some((kind) => /stall|pipe/.test(kind)))
      it('is not cleared by the middle of it', async () => {
        const { verdict } = await reportOn(partOf(lines, 0.25, 0.75));
        assert.notEqual(verdict.severity, 'none', verdict.text);
      });
  });
}

after(() => {
  // Of a worker that takes one client after the other nothing tells.
  assert.ok(withHoles >= 2, `${withHoles} blocks of lines were missed`);
});

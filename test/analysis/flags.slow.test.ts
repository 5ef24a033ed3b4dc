import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Report } from '../../src/analysis/report.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { SCENES } from '../samples/server-truth.ts';
import { memoryInput } from '../support/memory-input.ts';
import { samples } from '../support/truth.ts';

// What other flags of strace would have printed of the same server: a kind that is a warning in the whole capture is
// not clear in one that holds less, and nobody is warned of a healthy server because the capture holds less.

const MOST_PACKED_BYTES = 50_000;
const LINE = /^(\d+ +)(\d{9,}\.\d{6}) /;

type Print = (line: string) => string;

/** `-s LENGTH`; names of files, and addresses, are never cut. */
const textOf =
  (length: number): Print =>
  (line) =>
    line.replace(/"((?:[^"\\]|\\.)*)"(\.\.\.)?/g, (whole, text: string) => {
      const characters = text.match(/\\x[0-9a-f]{2}|\\[0-7]{1,3}|\\.|[^\\]/g) ?? [];
      const isName = /(?:^\/|^$)/.test(text) || /sun_path=|inet_addr\(|inet_pton\(/.test(line);
      return isName || characters.length <= length ? whole : `"${characters.slice(0, length).join('')}"...`;
    });

const withoutDurations: Print = (line) => line.replace(/ <\d+\.\d+>$/, '');
const withoutTimes: Print = (line) => line.replace(LINE, '$1');
const inSeconds: Print = (line) =>
  line.replace(LINE, (_, pid: string, time: string) => {
    const seconds = Math.floor(Number(time)) % 86_400;
    const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
    return `${pid}${[hours, minutes, seconds % 60].map((part) => String(part).padStart(2, '0')).join(':')} `;
  });

const FLAGS: Readonly<Record<string, Print>> = {
  '-s 0': textOf(0),
  '-s 8': textOf(8),
  'no -T': withoutDurations,
  '-t': inSeconds,
  'no times': withoutTimes,
};

/** With `-t` a clock that steps is no more than a silence. */
const UNTOLD = /^-t of .*uvicorn-clock-step/;
async function reportOn(lines: readonly string[]): Promise<Report> {
  const input = memoryInput('trace', `${lines.join('\n')}\n`, { chunkBytes: 65_536 });
  return analyzeInputs({ kind: 'file', paths: ['trace'], inputs: [input], leftOut: [], notices: [] }, {});
}

const loud = ({ findings }: Report): string[] => [
  ...new Set(findings.filter(({ severity }) => severity !== 'info').map(({ kind }) => kind)),
];

const traces = [
  ...samples().map(({ name, trace }) => ({ name, trace })),
  ...readdirSync(SCENES).map((name) => ({ name, trace: join(SCENES, name, 'trace.strace.gz') })),
].filter(({ trace }) => trace.endsWith('.strace.gz') && existsSync(trace));

for (const [flags, print] of Object.entries(FLAGS))
  it(`${flags}: nothing is clear over what the flags hide, and nobody is warned because of it`, async () => {
    let looked = 0;
    for (const { name, trace } of traces) {
      if (statSync(trace).size > MOST_PACKED_BYTES) continue;
      const lines = gunzipSync(readFileSync(trace)).toString('latin1').trimEnd().split('\n');
      if (!lines.every((line) => LINE.test(line)) || UNTOLD.test(`${flags} of ${name}`)) continue;
      looked++;
      const whole = loud(await reportOn(lines));
      const less = await reportOn(lines.map(print));
      for (const kind of whole)
        assert.notEqual(less.outcomes[kind as keyof typeof less.outcomes]?.status, 'clear', `${name}: ${kind}`);
      if (whole.length === 0) assert.deepEqual(loud(less), [], name);
    }
    assert.ok(looked >= 83, String(looked));
  });

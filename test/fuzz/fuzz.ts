import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { readCorpus } from './corpus.ts';
import { bytesOf, type FuzzCase, fuzzCase } from './fuzz-case.ts';
import type { FuzzMessage, FuzzTask } from './fuzz-thread.ts';
import { complaintAbout } from './oracle.ts';
import { randomOf } from './random.ts';
import { shrunk } from './shrink.ts';

/** A case that takes longer is hanging. */
const HANGING_MS = 60_000;
const USAGE = 'npm run fuzz -- [--minutes N] [--cases N] [--seed S] [--case N] [--all]';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    // As many as it says, where that takes no longer: the same on a fast machine and on a slow one.
    cases: { type: 'string' },
    seed: { type: 'string' },
    case: { type: 'string' },
    // Goes on after a failure, with one example of each kind.
    all: { type: 'boolean', default: false },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 1e6) : Number(values.seed);
const minutes = Number(values.minutes);
const cases = values.cases === undefined ? Number.POSITIVE_INFINITY : Number(values.cases);
if (!Number.isSafeInteger(seed) || !(minutes > 0) || !(cases > 0)) {
  console.error(USAGE);
  process.exit(2);
}
console.log(`seed ${seed}`);
process.exitCode = (values.case === undefined ? await many() : await one(Number(values.case))) ? 0 : 1;

/** Tries cases in a thread, so that one that never ends can be told. True when none failed. */
function many(): Promise<boolean> {
  const end = performance.now() + minutes * 60_000;
  const kinds = new Set<string>();
  let tried = 0;
  return new Promise((resolve) => {
    const start = (from: number): void => {
      const task: FuzzTask = { seed, from, count: cases - from };
      const worker = new Worker(new URL('./fuzz-thread.js', import.meta.url), { workerData: task });
      let current = from;
      let since = performance.now();
      const stop = async (): Promise<void> => {
        clearInterval(watch);
        await worker.terminate();
      };
      const finish = async (): Promise<void> => {
        await stop();
        console.log(`${tried} cases, ${kinds.size === 0 ? 'none failed' : `${kinds.size} kinds of failures`}`);
        resolve(kinds.size === 0);
      };
      const failed = async (number: number, complaint: string): Promise<void> => {
        const kind = kindOf(complaint);
        const isNew = !kinds.has(kind);
        kinds.add(kind);
        if (isNew) await describe(number, complaint);
        if (!values.all) await finish();
      };
      const watch = setInterval(async () => {
        if (performance.now() > end) await finish();
        else if (performance.now() - since > HANGING_MS) {
          await stop();
          const goesOn = values.all;
          await failed(current, `hangs: no answer for ${HANGING_MS / 1000} s`);
          if (goesOn) start(current + 1);
        }
      }, 250);
      worker.on('message', (message: FuzzMessage) => {
        if (message.kind === 'begin') {
          tried++;
          current = message.number;
          since = performance.now();
        } else if (message.kind === 'failed') void failed(message.number, message.complaint);
        else void finish();
      });
      worker.on('error', async (error) => {
        await stop();
        await failed(current, `the thread ended: ${error.message}`);
        if (values.all) start(current + 1);
      });
    };
    start(0);
  });
}

async function one(number: number): Promise<boolean> {
  const complaint = await complaintAbout(fuzzCase(readCorpus(), seed, number), randomOf(~seed, number));
  if (complaint !== '') await describe(number, complaint);
  else console.log(`case ${number}: nothing wrong`);
  return complaint === '';
}

async function describe(number: number, complaint: string): Promise<void> {
  console.log(`case ${number}: ${complaint}`);
  console.log(`  again: npm run fuzz -- --seed ${seed} --case ${number}`);
  const whole = fuzzCase(readCorpus(), seed, number);
  const kind = kindOf(complaint);
  const again = async (smaller: FuzzCase): Promise<boolean> =>
    kindOf(await complaintAbout(smaller, randomOf(~seed, number))) === kind;
  // What hangs or is slow would hang here, too.
  const small = /^(?:hangs|slow|the thread)/.test(complaint) ? whole : await shrunk(whole, again);
  const folder = mkdtempSync(join(tmpdir(), `drover-fuzz-${seed}-${number}-`));
  for (const file of small.files) writeFileSync(join(folder, file.name), bytesOf(file));
  if (small.options !== undefined) writeFileSync(join(folder, 'options.json'), JSON.stringify(small.options));
  if (small.facts !== undefined) writeFileSync(join(folder, 'facts.json'), JSON.stringify(small.facts));
  console.log(
    `  files: ${folder} (${small.files.map((file) => `${file.name} ${file.lines.length} lines`).join(', ')})`,
  );
}

/** The complaint without its numbers: what is mended once. */
function kindOf(complaint: string): string {
  return complaint
    .split('\n', 2)
    .join(' ')
    .replace(/line \d+: .*/, (difference) => /"(\w+)":/.exec(difference)?.[0] ?? '')
    .replace(/: says .*/, ': says')
    .replace(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?/g, 'N')
    .slice(0, 200);
}

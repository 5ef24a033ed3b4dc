import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CLASSES } from './growth/classes.ts';
import { type GrowthClass, oneFile } from './growth/growth-class.ts';
import { bestOf, growthOf, isWorseThanLinear, type Run, type Runs, troubleWith, WORSE } from './growth/growth-rule.ts';
import { Pen } from './growth/pen.ts';
import { writeCapture } from './growth/write-capture.ts';
import { measure } from './measure.ts';

const STEPS = [1, 2, 4, 8];
/** With `--quick` a class is run at these sizes, and at all of them only when it looks bad. */
const QUICK_STEPS = [4, 8];
/**
 * With `--quick` so many classes are run at a time: what one takes from the other looks bad at worst, and is run again.
 */
const QUICK_SIDES = 2;
/** A run that takes more CPU time is ended: it is worse than linear, whatever comes. */
const MOST_SECONDS = 60;
/** A class that looks bad is run again so often: what else the machine does must not make it fail. */
const AGAIN = 2;
/** And then, where it still looks worse than linear, at this size: growth goes on, a step does not. */
const BEYOND = 16;

const { values: flags } = parseArgs({
  options: {
    growth: { type: 'boolean' },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    class: { type: 'string', multiple: true },
    seconds: { type: 'string', default: String(MOST_SECONDS) },
    again: { type: 'string', default: String(AGAIN) },
    program: { type: 'string', default: fileURLToPath(new URL('../../../bin/drover.js', import.meta.url)) },
  },
});
const chosen = CLASSES.filter(({ name }) => flags.class?.includes(name) ?? true);
const unknown = (flags.class ?? []).filter((name) => !CLASSES.some((each) => each.name === name));
if (unknown.length > 0) throw new Error(`no such class: ${unknown.join(', ')} (--list shows all)`);
if (flags.list) for (const { name, grows } of chosen) console.log(`${name.padEnd(36)}${grows}`);
else await runAll();

async function runAll(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-growth-'));
  // The folder may hold gigabytes: it goes, whatever ends the bench.
  const leave = (): never => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', leave);
  process.once('SIGTERM', leave);
  try {
    const startMs = await startOf(folder);
    console.log(
      `drover analyze --json, CPU seconds at 1×, 2×, 4× and 8×; ${startMs.toFixed(0)} ms of each are the start\n`,
    );
    console.log(row('class', 'at 8×', 'input', ['1×', '2×', '4×', '8×'], '8×/4×', 'memory', 'report', ''));
    const failed: string[] = [];
    const left = [...chosen];
    const side = async (): Promise<void> => {
      for (let growthClass = left.shift(); growthClass !== undefined; growthClass = left.shift())
        if (!(await isFine(growthClass, folder, startMs))) failed.push(growthClass.name);
    };
    await Promise.all(Array.from({ length: flags.quick ? QUICK_SIDES : 1 }, side));
    console.log(`\n${chosen.length - failed.length} of ${chosen.length} classes are within the limits`);
    if (failed.length > 0) console.error(`Over the limits: ${failed.join(', ')}`);
    process.exitCode = failed.length > 0 ? 1 : 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a class, again when it looks bad, and prints its row. */
async function isFine(growthClass: GrowthClass, folder: string, startMs: number): Promise<boolean> {
  let { runs, bytes } = await runsOf(growthClass, folder, flags.quick ? QUICK_STEPS : STEPS);
  let trouble = troubleWith(runs, startMs);
  for (let again = 0; again < Number(flags.again) && trouble.length > 0 && !runs.includes(null); again++) {
    const more = (await runsOf(growthClass, folder, STEPS)).runs;
    runs = runs.length === more.length ? bestOf(runs, more) : more;
    trouble = troubleWith(runs, startMs);
  }
  if (trouble.includes(WORSE) && !(await goesOn(growthClass, folder, runs, startMs)))
    trouble = trouble.filter((each) => each !== WORSE);
  const last = runs.at(-1) ?? null;
  console.log(
    row(
      growthClass.name,
      countAt(growthClass, 8).toLocaleString('en-US'),
      `${(bytes / 1e6).toFixed(1)} MB`,
      STEPS.map((_, index) => runs.at(index - STEPS.length) ?? null).map((run) =>
        run === null ? '-' : (run.cpuMs / 1_000).toFixed(2),
      ),
      last === null ? '-' : growthOf(runs, startMs).toFixed(2),
      last === null ? '-' : `${last.peakMegabytes.toFixed(0)} MB`,
      last === null ? '-' : `${(last.reportBytes / 1_000).toFixed(0)} kB`,
      trouble.join(', '),
    ),
  );
  return trouble.length === 0;
}

async function goesOn(growthClass: GrowthClass, folder: string, runs: Runs, startMs: number): Promise<boolean> {
  const beyond = await runsOf(growthClass, folder, [BEYOND]);
  return isWorseThanLinear([...runs.slice(-1), ...beyond.runs], startMs);
}

/** A run at each size. After one that did not get through, none of the larger ones. */
async function runsOf(
  growthClass: GrowthClass,
  folder: string,
  steps: readonly number[],
): Promise<{ readonly runs: Runs; readonly bytes: number }> {
  const place = join(folder, growthClass.name);
  const runs: (Run | null)[] = [];
  let bytes = 0;
  for (const step of steps) {
    if (runs.includes(null)) {
      runs.push(null);
      continue;
    }
    const written = writeCapture(growthClass, countAt(growthClass, step), place);
    bytes = written.bytes;
    runs.push(await runOn(written.operands));
    rmSync(place, { recursive: true });
  }
  return { runs, bytes };
}

async function runOn(operands: readonly string[]): Promise<Run | null> {
  try {
    const command = [process.execPath, flags.program, 'analyze', '--quiet', '--json', ...operands] as const;
    const { cpuMs, peakMegabytes, outputBytes } = await measure(command, {}, Number(flags.seconds) * 1_000);
    return { cpuMs, peakMegabytes, reportBytes: outputBytes };
  } catch (error) {
    console.error(error instanceof Error ? error.message.replaceAll(/\S*drover-growth-\S*/g, 'FILE') : error);
    return null;
  }
}

function countAt({ most, full, quick }: GrowthClass, step: number): number {
  const largest = flags.full ? (full ?? most) : flags.quick ? (quick ?? Math.ceil(most / 8)) : most;
  return Math.ceil((largest / 8) * step);
}

/** The CPU time of a capture of one line, in milliseconds. */
async function startOf(folder: string): Promise<number> {
  const single = oneFile('one-line', 'nothing', { most: 1 }, () => [new Pen().call(101, 'getpid() = 101')]);
  const { operands } = writeCapture(single, 1, join(folder, 'start'));
  const efforts = [await runOn(operands), await runOn(operands), await runOn(operands)];
  return Math.min(...efforts.map((effort) => effort?.cpuMs ?? Number.POSITIVE_INFINITY));
}

function row(
  name: string,
  count: string,
  bytes: string,
  seconds: readonly string[],
  growth: string,
  memory: string,
  report: string,
  trouble: string,
): string {
  const numbers = [count, bytes, ...seconds].map((cell) => cell.padStart(10)).join('');
  const figures = `${growth.padStart(8)}${memory.padStart(9)}${report.padStart(11)}`;
  return `${name.padEnd(36)}${numbers}${figures}   ${trouble}`.trimEnd();
}

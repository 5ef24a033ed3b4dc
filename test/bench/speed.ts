import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bigTrace } from './big-trace.ts';
import { type Effort, measure, median } from './measure.ts';

/** The budgets of a full analysis of 1 GB. */
const MOST_GAWK_RATIO = 1.0;
const MOST_MEGABYTES = 200;
const FULL_SIZE = 1_000_000_000;
const QUICK_SIZE = 200_000_000;
/** Busy workers, strace attached while they run: `-f -ttt -T -y`. */
const SAMPLE = 'samples/busy-workers/healthy/trace.strace.gz';
/** What `exact.bt` printed of four workers; a tenth as large. */
const KERNEL_SAMPLE = 'samples/herd-gunicorn-gevent/bpftrace/trace.bpftrace.gz';

const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    size: { type: 'string' },
    rounds: { type: 'string' },
    sample: { type: 'string', default: inProject(SAMPLE) },
  },
});
const size = Number(flags.size ?? (flags.quick ? QUICK_SIZE : FULL_SIZE));
const rounds = Number(flags.rounds ?? (flags.quick ? 3 : 5));

const drover = fileURLToPath(new URL('../../../bin/drover.js', import.meta.url));
const stage = fileURLToPath(new URL('stage.js', import.meta.url));
const file = bigTrace(flags.sample, size);
const kernelFile = bigTrace(inProject(KERNEL_SAMPLE), size / 10);
const megabytes = statSync(file).size / 1e6;
const C = { LC_ALL: 'C' };

const programs = [
  ['drover analyze --json', [process.execPath, drover, 'analyze', '--json', file]],
  ["gawk '{n[$3]++} END{}'", ['gawk', '{n[$3]++} END{}', file]],
  ['grep -c EAGAIN', ['grep', '-c', 'EAGAIN', file]],
  ['wc -l', ['wc', '-l', file]],
] as const satisfies readonly (readonly [string, readonly [string, ...string[]]])[];
const stages = ['read', 'lines', 'parse', 'analyze'].map(
  (name) => [`${name}`, [process.execPath, stage, name, file]] as const,
);

console.log(
  `${megabytes.toFixed(0)} MB of copies of ${flags.sample.replace(/^.*\/(?=samples\/)/, '')}, median of ` +
    `${rounds} alternating rounds\n`,
);
const wholes = await alternate(programs);
const gawk = effortOf(wholes, programs[1][0]);
print(wholes, (effort) => `${(effort.wallMs / gawk.wallMs).toFixed(2)} × gawk`);
console.log('\nStages of drover, each as a process of its own and with all stages before it');
print(await alternate(stages), (effort) => `${(effort.wallMs / gawk.wallMs).toFixed(2)} × gawk`);
console.log(`\n${(statSync(kernelFile).size / 1e6).toFixed(0)} MB of copies of ${KERNEL_SAMPLE}`);
print(
  await alternate([['drover analyze --json', [process.execPath, drover, 'analyze', '--json', kernelFile]]]),
  () => '',
  statSync(kernelFile).size / 1e6,
);
const help = median(await repeat([process.execPath, drover, '--help']));
console.log(`\ndrover --help: ${help.wallMs.toFixed(0)} ms`);
if (flags.check) check(effortOf(wholes, programs[0][0]));

type Efforts = ReadonlyMap<string, readonly Effort[]>;
type Program = readonly [string, readonly [string, ...string[]]];

/**
 * All programs once, then all again: what else the machine does meets every one of them alike. The first round warms up
 * and does not count.
 */
async function alternate(list: readonly Program[]): Promise<Efforts> {
  const efforts = new Map<string, Effort[]>(list.map(([title]) => [title, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const [title, command] of list) {
      const effort = await measure(command, C);
      if (round > 0) efforts.get(title)?.push(effort);
    }
  }
  return efforts;
}

async function repeat(command: readonly [string, ...string[]]): Promise<Effort[]> {
  const efforts: Effort[] = [];
  for (let round = 0; round < rounds; round++) efforts.push(await measure(command, C));
  return efforts;
}

function effortOf(efforts: Efforts, title: string): Effort {
  return median(efforts.get(title) ?? []);
}

function inProject(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url));
}

function print(efforts: Efforts, remark: (effort: Effort) => string, size = megabytes): void {
  console.log(
    `${''.padEnd(26)}${['wall', 'throughput', 'CPU', 'peak memory'].map((title) => title.padStart(13)).join('')}`,
  );
  for (const title of efforts.keys()) {
    const effort = effortOf(efforts, title);
    const cells = [
      `${(effort.wallMs / 1_000).toFixed(2)} s`,
      `${(size / (effort.wallMs / 1_000)).toFixed(0)} MB/s`,
      `${(effort.cpuMs / 1_000).toFixed(2)} s`,
      `${effort.peakMegabytes.toFixed(0)} MB`,
    ];
    console.log(`${title.padEnd(26)}${cells.map((cell) => cell.padStart(13)).join('')}   ${remark(effort)}`);
  }
}

function check(effort: Effort): void {
  const ratio = effort.wallMs / gawk.wallMs;
  const tooSlow = ratio > MOST_GAWK_RATIO;
  const tooBig = effort.peakMegabytes > MOST_MEGABYTES;
  if (tooSlow)
    console.error(
      `Over budget: ${ratio.toFixed(2)} times the wall time of gawk, allowed are ${MOST_GAWK_RATIO.toFixed(2)}.`,
    );
  if (tooBig)
    console.error(`Over budget: ${effort.peakMegabytes.toFixed(0)} MB at the peak, allowed are ${MOST_MEGABYTES}.`);
  process.exitCode = tooSlow || tooBig ? 1 : 0;
}

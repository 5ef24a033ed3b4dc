import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Mutant, mutantsOf } from './mutants.ts';

/** A mutant that runs so long has made a loop endless: the tests have noticed. */
const PATIENCE_MS = 120_000;
const DEFAULT_COUNT = 40;

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: String(DEFAULT_COUNT) },
    seed: { type: 'string', default: '1' },
    rooms: { type: 'string', default: 'src/detectors,src/model' },
  },
});

const root = fileURLToPath(new URL('../../..', import.meta.url));
const rooms = flags.rooms.split(',');
const random = randomNumbers(Number(flags.seed));
const copy = copyOfProject();

let survivors = 0;
let running: ChildProcess | null = null;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    // The tests are in a group of their own, which the terminal does not end.
    if (running !== null) stop(running);
    rmSync(copy, { recursive: true, force: true });
    process.exit(130);
  });
try {
  const files = rooms.flatMap((room) => programsIn(join(copy, 'dist', room)));
  // Each mutant is as likely as any other, whichever file it is in.
  const all = files.flatMap((file) => mutantsOf(readFileSync(file, 'utf8')).map((mutant) => ({ file, mutant })));
  const chosen = pick(all, Number(flags.count));
  console.log(`${chosen.length} of ${all.length} mutants of ${files.length} files, seed ${flags.seed}`);
  for (const { file, mutant } of chosen) {
    const verdict = await judge(file, mutant);
    if (verdict === 'survived') survivors++;
    console.log(`${verdict}  ${placeOf(file, mutant)}  ${mutant.name}`);
  }
  console.log(
    `${survivors} of ${chosen.length} survived (${((100 * survivors) / Math.max(1, chosen.length)).toFixed(0)} %)`,
  );
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** The built project in a folder of its own: a mutant never stands in the checkout. */
function copyOfProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'drover-mutants-'));
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });
  for (const name of readdirSync(root))
    if (name !== 'dist' && !name.startsWith('.')) symlinkSync(join(root, name), join(folder, name));
  return folder;
}

function programsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .sort()
    .map((name) => join(folder, name));
}

async function judge(file: string, mutant: Mutant): Promise<'killed  ' | 'survived'> {
  const program = readFileSync(file, 'utf8');
  writeFileSync(file, program.slice(0, mutant.from) + mutant.text + program.slice(mutant.to));
  try {
    for (const tests of testsFor(file)) if (!(await passes(tests))) return 'killed  ';
    return 'survived';
  } finally {
    writeFileSync(file, program);
  }
}

/** The tests nearest to the file first: most mutants die there. */
function testsFor(file: string): string[][] {
  const built = join(copy, 'dist/test');
  const inFolder = (name: string): string[] =>
    programsIn(join(built, name)).filter((test) => test.endsWith('.test.js'));
  const kind = basename(dirname(file));
  const own = inFolder('detectors').filter((test) => basename(test).startsWith(kind));
  // What is masked of a line is decided after the detectors.
  const wide = ['detectors', 'model', 'analysis', 'output']
    .flatMap(inFolder)
    .filter((test) => !test.includes('/output/secrets/'));
  return [own, [join(built, 'detectors.test.js'), join(built, 'samples.slow.test.js')], wide].filter(
    (tests) => tests.length > 0,
  );
}

/** Ends the tests at the first one that fails. */
function passes(tests: readonly string[]): Promise<boolean> {
  const runner = spawn(process.execPath, ['--test', ...tests], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  running = runner;
  const timer = setTimeout(() => stop(runner), PATIENCE_MS);
  let failed = false;
  runner.stdout.on('data', (text: Buffer) => {
    if (failed || !/^\s*not ok /m.test(text.toString('latin1'))) return;
    failed = true;
    stop(runner);
  });
  return new Promise((resolve) => {
    runner.on('close', (code) => {
      clearTimeout(timer);
      running = null;
      resolve(!failed && code === 0);
    });
  });
}

/** The runner starts a process for each test file: all of them are in its group. */
function stop({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** `src/model/machine/turn.ts:124`. */
function placeOf(file: string, { from }: Mutant): string {
  const before = readFileSync(file, 'utf8').slice(0, from).split('\n');
  const map = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')));
  const entry = map.findEntry(before.length - 1, before.at(-1)?.length ?? 0);
  const name = relative(join(copy, 'dist'), file).replace(/\.js$/, '.ts');
  return 'originalLine' in entry ? `${name}:${entry.originalLine + 1}` : name;
}

function pick<Value>(values: readonly Value[], count: number): Value[] {
  const rest = [...values];
  const chosen: Value[] = [];
  while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return chosen;
}

/** Mulberry32: the same numbers for the same seed, 0 to 1. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Mutant, mutantsOf } from './mutants.ts';
import { Reach, type TestReach } from './reach.ts';
import { allTests, testsFor } from './tests-for.ts';

type Verdict = 'killed' | 'endless' | 'rejected' | 'survived';
type Ending = 'passed' | 'failed' | 'endless';

/** A mutant whose tests need so much more processor time has made a loop endless: the tests have noticed. */
const PATIENCE = 3;
const START_SECONDS = 10;
const UNMEASURED_SECONDS = 120;
/** A mutant for which a test waits in vain takes no processor time. */
const WAIT_MS = 600_000;
const DEFAULT_COUNT = 40;

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: String(DEFAULT_COUNT) },
    seed: { type: 'string', default: '1' },
    at: { type: 'string', multiple: true, default: [] },
    rooms: { type: 'string', default: 'src/detectors,src/model' },
    unmeasured: { type: 'boolean', default: false },
  },
});

const root = fileURLToPath(new URL('../../..', import.meta.url));
const KEPT = join(root, 'node_modules/.cache/mutants/reach.json');
const rooms = flags.rooms.split(',');
const random = randomNumbers(Number(flags.seed));
const copy = copyOfProject();

const verdicts: Record<Verdict, number> = { killed: 0, endless: 0, rejected: 0, survived: 0 };
let running: ChildProcess | null = null;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    // The tests are in a group of their own, which the terminal does not end.
    if (running !== null) stop(running);
    rmSync(copy, { recursive: true, force: true });
    process.exit(130);
  });
try {
  const reach = flags.unmeasured ? new Reach(copy, []) : measuredReach();
  const files = rooms.flatMap((room) => programsIn(join(copy, 'dist', room)));
  // Each mutant is as likely as any other, whichever file it is in.
  const all = files.flatMap((file) => mutantsOf(readFileSync(file, 'utf8')).map((mutant) => ({ file, mutant })));
  const chosen =
    flags.at.length > 0
      ? all.filter(({ file, mutant }) => flags.at.includes(placeOf(file, mutant)))
      : pick(all, Number(flags.count));
  console.log(
    `${chosen.length} of ${all.length} mutants of ${files.length} files, ` +
      (flags.at.length > 0 ? `at ${flags.at.join(' ')}` : `seed ${flags.seed}`),
  );
  for (const { file, mutant } of chosen) {
    const start = performance.now();
    const verdict = await judge(file, mutant, reach);
    verdicts[verdict]++;
    const seconds = ((performance.now() - start) / 1_000).toFixed(1);
    console.log(`${verdict.padEnd(8)}  ${placeOf(file, mutant)}  ${mutant.name}  ${seconds} s`);
  }
  const { killed, endless, rejected, survived } = verdicts;
  const share = ((100 * survived) / Math.max(1, killed + endless + survived)).toFixed(0);
  console.log(
    `${killed + endless} killed (${endless} endless), ${rejected} rejected by tsc, ` +
      `${survived} survived (${share} % of those that compile)`,
  );
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** The built project in a folder of its own: a mutant never stands in the checkout. */
function copyOfProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'drover-mutants-'));
  const copied = ['dist', 'src'];
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const name of readdirSync(root))
    if (!copied.includes(name) && !name.startsWith('.')) symlinkSync(join(root, name), join(folder, name));
  return folder;
}

function programsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .sort()
    .map((name) => join(folder, name));
}

/**
 * One run of all tests tells which of them run a mutant: no other can notice it. What was measured is kept for the
 * next draw, as long as neither the program nor the test changes.
 */
function measuredReach(): Reach {
  const tests = allTests(join(copy, 'dist'));
  const program = ['src', 'test/support'].flatMap((room) => programsIn(join(copy, 'dist', room)));
  const programHash = hashOf(program.map((file) => readFileSync(file, 'utf8')));
  const keyOf = (test: string): string => hashOf([programHash, relative(copy, test), readFileSync(test, 'utf8')]);
  const known = new Map<string, TestReach>(existsSync(KEPT) ? JSON.parse(readFileSync(KEPT, 'utf8')) : []);
  const missing = tests.filter((test) => !known.has(keyOf(test)));
  if (missing.length > 0) for (const each of measured(missing)) known.set(keyOf(join(copy, each.test)), each);
  const kept = tests.flatMap((test): [string, TestReach][] => {
    const reach = known.get(keyOf(test));
    return reach === undefined ? [] : [[keyOf(test), reach]];
  });
  mkdirSync(dirname(KEPT), { recursive: true });
  writeFileSync(KEPT, JSON.stringify(kept));
  return new Reach(
    copy,
    kept.map(([, reach]) => reach),
  );
}

function hashOf(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('hex');
}

function measured(tests: readonly string[]): TestReach[] {
  const output = join(copy, 'reach.json');
  const program = join(copy, 'dist/test/mutation/measure-reach.js');
  const { status } = spawnSync(process.execPath, [program, copy, output, ...tests], { cwd: copy, stdio: 'ignore' });
  if (status !== 0) throw new Error('the tests must pass before mutants are judged: npm run test:unit');
  return JSON.parse(readFileSync(output, 'utf8'));
}

async function judge(file: string, mutant: Mutant, reach: Reach): Promise<Verdict> {
  const program = readFileSync(file, 'utf8');
  const { near, far } = testsFor(join(copy, 'dist'), relative(join(copy, 'dist'), file));
  const tests = reach.of(file, mutant.from, [...near, ...reach.quickest(far)]);
  const seconds = flags.unmeasured ? UNMEASURED_SECONDS : START_SECONDS + PATIENCE * reach.seconds(tests);
  const ending = await withText(file, mutated(program, mutant), () => run(tests, Math.ceil(seconds)));
  if (ending !== 'passed') return ending === 'failed' ? 'killed' : 'endless';
  return (await compiles(file, mutant)) ? 'survived' : 'rejected';
}

function mutated(program: string, { from, to, text }: Pick<Mutant, 'from' | 'to' | 'text'>): string {
  return program.slice(0, from) + text + program.slice(to);
}

async function withText<Result>(file: string, text: string, act: () => Result | Promise<Result>): Promise<Result> {
  const before = readFileSync(file, 'utf8');
  writeFileSync(file, text);
  try {
    return await act();
  } finally {
    writeFileSync(file, before);
  }
}

/** Ends the tests at the first one that fails. They share a process: most of the time of a test file is its start. */
function run(tests: readonly string[], seconds: number): Promise<Ending> {
  const program = [process.execPath, '--test-reporter=tap', join(copy, 'dist/test/mutation/run-all.js'), ...tests];
  const runner = spawn('sh', ['-c', 'ulimit -t "$0" && exec "$@"', String(seconds), ...program], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  running = runner;
  const timer = setTimeout(() => stop(runner), WAIT_MS);
  let failed = false;
  runner.stdout.on('data', (text: Buffer) => {
    if (failed || !/^\s*not ok /m.test(text.toString('latin1'))) return;
    failed = true;
    stop(runner);
  });
  return new Promise((resolve) => {
    runner.on('close', (code, signal) => {
      clearTimeout(timer);
      running = null;
      if (failed) resolve('failed');
      else if (signal !== null) resolve('endless');
      else resolve(code === 0 ? 'passed' : 'failed');
    });
  });
}

/** Whether the same change of the source has its types. True where the source is written too differently to tell. */
function compiles(file: string, { from, to, text }: Mutant): Promise<boolean> | boolean {
  const place = sourceOf(file, from);
  if (place === null) return true;
  const program = readFileSync(file, 'utf8');
  const source = readFileSync(place.file, 'utf8');
  const start = place.offset + (from - place.builtOffset);
  if (source.slice(place.offset, start + to - from) !== program.slice(place.builtOffset, to)) return true;
  const compiler = join(copy, 'node_modules/.bin/tsc');
  return withText(
    place.file,
    mutated(source, { from: start, to: start + to - from, text }),
    () => spawnSync(compiler, ['--noEmit', '--incremental', 'false'], { cwd: copy }).status === 0,
  );
}

/** Tests may start processes: all of them are in the group of the runner. */
function stop({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

interface SourcePlace {
  readonly file: string;
  readonly line: number;
  /** Where the nearest mapped piece of text before the mutant begins, in the source and in the built program. */
  readonly offset: number;
  readonly builtOffset: number;
}

function sourceOf(file: string, at: number): SourcePlace | null {
  const lines = readFileSync(file, 'utf8').split('\n');
  const before = readFileSync(file, 'utf8').slice(0, at).split('\n');
  const entry = new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8'))).findEntry(
    before.length - 1,
    before.at(-1)?.length ?? 0,
  );
  if (!('originalLine' in entry)) return null;
  const source = join(copy, relative(join(copy, 'dist'), file).replace(/\.js$/, '.ts'));
  return {
    file: source,
    line: entry.originalLine + 1,
    offset: offsetOf(readFileSync(source, 'utf8').split('\n'), entry.originalLine, entry.originalColumn),
    builtOffset: offsetOf(lines, entry.generatedLine, entry.generatedColumn),
  };
}

function offsetOf(lines: readonly string[], line: number, column: number): number {
  return lines.slice(0, line).reduce((sum, each) => sum + each.length + 1, column);
}

/** `src/model/machine/turn.ts:124`. */
function placeOf(file: string, { from }: Mutant): string {
  const name = relative(join(copy, 'dist'), file).replace(/\.js$/, '.ts');
  const place = sourceOf(file, from);
  return place === null ? name : `${name}:${place.line}`;
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

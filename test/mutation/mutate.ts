import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Reach, ReachRequest } from './measure-reach.ts';
import { type Mutant, mutantsOf, withMutants } from './mutants.ts';
import { type SourcePlace, sourcePlaceOf } from './source-place.ts';
import { quickTests, SAMPLES, testsFor } from './tests-for.ts';

type Verdict = 'killed' | 'endless' | 'rejected' | 'survived';
type Ending = 'passed' | 'failed' | 'endless';

/** A mutant of one of the built modules. */
interface Candidate extends Mutant {
  readonly file: string;
}

interface Drawn extends Candidate {
  readonly id: number;
  readonly source: SourcePlace | null;
}

/** A mutant whose tests need so much more processor time has made a loop endless: the tests have noticed. */
const PATIENCE = 3;
const START_SECONDS = 10;
/** The samples are not measured. They take about 30 s. */
const SAMPLES_SECONDS = 30;
/** A mutant for which a test waits in vain takes no processor time. */
const WAIT_MS = 600_000;

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '40' },
    seed: { type: 'string', default: '1' },
    at: { type: 'string', multiple: true, default: [] },
    rooms: { type: 'string', default: 'src/detectors,src/model' },
  },
});

const root = fileURLToPath(new URL('../../..', import.meta.url));
const random = randomNumbers(Number(flags.seed));
const copy = copyOfProject();
const dist = join(copy, 'dist');

const running = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    // Tests are in groups of their own, which the terminal does not end.
    for (const runner of running) stop(runner);
    rmSync(copy, { recursive: true, force: true });
    process.exit(130);
  });
try {
  const drawn = draw();
  for (const file of new Set(drawn.map((mutant) => mutant.file)))
    writeFileSync(
      file,
      withMutants(
        readFileSync(file, 'utf8'),
        drawn.filter((mutant) => mutant.file === file),
      ),
    );
  await judgeAll(drawn, measuredReach(drawn));
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** The built project in a folder of its own: a mutant never stands in the checkout. */
function copyOfProject(): string {
  const folder = mkdtempSync(join(tmpdir(), 'drover-mutants-'));
  // Whoever works on in the checkout meanwhile changes none of what is judged: `tsc` looks at tests, too.
  const copied = ['dist', 'src', 'parsers', 'test'];
  for (const name of copied) cpSync(join(root, name), join(folder, name), { recursive: true });
  for (const name of readdirSync(root))
    if (!copied.includes(name) && !name.startsWith('.')) symlinkSync(join(root, name), join(folder, name));
  return folder;
}

/** Each mutant is as likely as any other, whichever file it is in. */
function draw(): Drawn[] {
  const files = flags.rooms
    .split(',')
    .flatMap((room) => programsIn(join(dist, room)))
    .filter((file) => flags.at.length === 0 || flags.at.some((place) => place.startsWith(`${nameOf(file)}:`)));
  const all = files.flatMap((file) =>
    mutantsOf(readFileSync(file, 'utf8')).map((mutant): Candidate => ({ ...mutant, file })),
  );
  const chosen =
    flags.at.length > 0
      ? all.filter((mutant) => placesOf(withSource(mutant)).some((place) => flags.at.includes(place)))
      : pick(all, Number(flags.count));
  console.log(
    `${chosen.length} of ${all.length} mutants of ${files.length} files, ` +
      (flags.at.length > 0 ? `at ${flags.at.join(' ')}` : `seed ${flags.seed}`),
  );
  return chosen.map((mutant, id) => ({ ...withSource(mutant), id }));
}

function programsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.js'))
    .sort()
    .map((name) => join(folder, name));
}

/** One run of all quick tests tells which of them run the place of which mutant: no other can notice it. */
function measuredReach(drawn: readonly Drawn[]): Reach {
  const output = join(copy, 'reach.json');
  const programs = [...new Set(drawn.map(({ file }) => file))];
  const request: ReachRequest = { programs, tests: quickTests(dist), output };
  const program = join(dist, 'test/mutation/measure-reach.js');
  const words = ['--test-reporter=tap', program, JSON.stringify(request)];
  const { status, stdout } = spawnSync(process.execPath, words, { cwd: copy, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) {
    const failed = stdout.match(/^ *not ok .*/gm)?.join('\n') ?? '';
    throw new Error(`the tests must pass before mutants are judged: npm run test:unit\n${failed}`);
  }
  return JSON.parse(readFileSync(output, 'utf8'));
}

async function judgeAll(drawn: readonly Drawn[], reach: Reach): Promise<void> {
  const verdicts: Record<Verdict, number> = { killed: 0, endless: 0, rejected: 0, survived: 0 };
  const waiting = drawn.values();
  const judgeNext = async (): Promise<void> => {
    for (const mutant of waiting) {
      const start = performance.now();
      const { verdict, files } = await judge(mutant, reach);
      verdicts[verdict]++;
      const seconds = ((performance.now() - start) / 1_000).toFixed(1);
      const [, place = ''] = placesOf(mutant);
      const line = mutant.source?.line ?? 0;
      console.log(`${verdict.padEnd(8)}  ${place} (line ${line})  ${mutant.name}  ${files} files, ${seconds} s`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, judgeNext));
  const { killed, endless, rejected, survived } = verdicts;
  const share = ((100 * survived) / Math.max(1, killed + endless + survived)).toFixed(0);
  console.log(
    `${killed + endless} killed (${endless} endless), ${rejected} rejected by tsc, ` +
      `${survived} survived (${share} % of those that compile)`,
  );
}

async function judge(mutant: Drawn, { loaded, tests }: Reach): Promise<{ verdict: Verdict; files: number }> {
  const reaching = tests.filter(({ mutants }) => loaded.includes(mutant.id) || mutants.includes(mutant.id));
  const { near, far } = testsFor(dist, relative(dist, mutant.file));
  const quickest = reaching.toSorted((a, b) => a.seconds - b.seconds).map(({ test }) => test);
  const inOrder = [near, far].flatMap((files) => quickest.filter((test) => files.includes(test)));
  const known = reaching.reduce((sum, { seconds }) => sum + seconds, 0);
  const ending =
    inOrder.length > 0
      ? await run(mutant, inOrder, START_SECONDS + PATIENCE * known)
      : await run(mutant, [join(dist, SAMPLES)], START_SECONDS + PATIENCE * SAMPLES_SECONDS);
  const files = inOrder.length;
  if (ending !== 'passed') return { verdict: ending === 'failed' ? 'killed' : 'endless', files };
  return { verdict: compiles(mutant) ? 'survived' : 'rejected', files };
}

/** Ends the tests at the first one that fails. They share a process: most of the time of a test file is its start. */
function run({ id }: Drawn, tests: readonly string[], seconds: number): Promise<Ending> {
  const program = [process.execPath, '--test-reporter=tap', join(dist, 'test/mutation/run-all.js'), ...tests];
  const runner = spawn('sh', ['-c', 'ulimit -t "$0" && exec "$@"', String(Math.ceil(seconds)), ...program], {
    cwd: copy,
    env: { ...process.env, DROVER_MUTANT: String(id) },
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
  });
  running.add(runner);
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
      running.delete(runner);
      if (failed) resolve('failed');
      else if (signal !== null) resolve('endless');
      else resolve(code === 0 ? 'passed' : 'failed');
    });
  });
}

/** Tests may start processes: all of them are in the group of the runner. */
function stop({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}

/** Whether the same change of the source has its types. True where the source is written too differently to tell. */
function compiles({ source, from, to, text }: Drawn): boolean {
  if (source === null) return true;
  const program = readFileSync(source.file, 'utf8');
  const changed = program.slice(0, source.offset) + text + program.slice(source.offset + to - from);
  writeFileSync(source.file, changed);
  // Nothing else runs meanwhile: two mutants at a time do not meet in the sources.
  const compiler = join(copy, 'node_modules/.bin/tsc');
  const { status } = spawnSync(compiler, ['--noEmit', '--incremental', 'false'], { cwd: copy });
  writeFileSync(source.file, program);
  return status === 0;
}

function withSource<Kind extends Candidate>(mutant: Kind): Kind & { readonly source: SourcePlace | null } {
  return { ...mutant, source: sourcePlaceOf(copy, mutant.file, mutant.from, mutant.to) };
}

/** `src/model/machine/turn.ts:124` and `src/model/machine/turn.ts:end`, the function. */
function placesOf({ file, source, inside }: Candidate & Pick<Drawn, 'source'>): string[] {
  return [`${nameOf(file)}:${source?.line ?? 0}`, `${nameOf(file)}:${inside}`];
}

function nameOf(file: string): string {
  return relative(dist, file).replace(/\.js$/, '.ts');
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

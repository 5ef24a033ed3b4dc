import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { TestReach } from './judge.ts';
import { JudgeProcess, NO_ANSWER } from './judge-process.ts';
import { type Mutant, mutantsOf, withMutants } from './mutants.ts';
import { type SourcePlace, sourcePlaceOf } from './source-place.ts';
import { quickTests, testsFor } from './tests-for.ts';

type Verdict = 'killed' | 'endless' | 'rejected' | 'survived';

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

/** What one run of the tests tells. */
interface Reach {
  /** Mutants of what is computed while a module is loaded: no test can be told to run them. */
  readonly loaded: readonly number[];
  readonly tests: readonly TestReach[];
}

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

const judges = new Set<JudgeProcess>();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    for (const judge of judges) judge.end();
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
  await judgeAll(drawn);
} finally {
  for (const judge of judges) judge.end();
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

async function judgeAll(drawn: readonly Drawn[]): Promise<void> {
  const verdicts: Record<Verdict, number> = { killed: 0, endless: 0, rejected: 0, survived: 0 };
  const programs = [...new Set(drawn.map(({ file }) => file))];
  const started = await Promise.all(Array.from({ length: availableParallelism() }, () => startJudge(programs)));
  const reach = await measuredReach(
    started,
    programs.map((file) => relative(dist, file)),
  );
  const waiting = drawn.values();
  const judgeNext = async (first: JudgeProcess): Promise<void> => {
    let judge = first;
    for (const mutant of waiting) {
      const start = performance.now();
      const { verdict, count, by, isSpent } = await verdictOn(mutant, reach, judge);
      if (isSpent) {
        stop(judge);
        ({ judge } = await startJudge(programs));
      }
      verdicts[verdict]++;
      const seconds = ((performance.now() - start) / 1_000).toFixed(1);
      const [, place = ''] = placesOf(mutant);
      const line = mutant.source?.line ?? 0;
      console.log(`${verdict.padEnd(8)}  ${place} (line ${line})  ${mutant.name}  ${count} tests, ${seconds} s  ${by}`);
    }
  };
  await Promise.all(started.map(({ judge }) => judgeNext(judge)));
  const { killed, endless, rejected, survived } = verdicts;
  const share = ((100 * survived) / Math.max(1, killed + endless + survived)).toFixed(0);
  console.log(
    `${killed + endless} killed (${endless} endless), ${rejected} rejected by tsc, ` +
      `${survived} survived (${share} % of those that compile)`,
  );
}

interface Started {
  readonly judge: JudgeProcess;
  readonly loaded: readonly number[];
}

async function startJudge(programs: readonly string[], mutant?: number): Promise<Started> {
  const judge = new JudgeProcess(copy, mutant);
  judges.add(judge);
  const answer = await judge.ask({ ask: 'load', programs });
  // A module that does not load with its mutant has told about it.
  return { judge, loaded: answer !== NO_ANSWER && answer.tell === 'loaded' ? answer.mutants : [] };
}

function stop(judge: JudgeProcess): void {
  judge.end();
  judges.delete(judge);
}

/** One run of all quick tests tells which of them run the place of which mutant: no other can notice it. */
async function measuredReach(started: readonly Started[], changed: readonly string[]): Promise<Reach> {
  const waiting = quickTests(dist, changed).values();
  const tests: TestReach[] = [];
  const measureNext = async ({ judge }: Started): Promise<void> => {
    for (const file of waiting) {
      const answer = await judge.ask({ ask: 'measure', file });
      if (answer === NO_ANSWER || answer.tell !== 'measured')
        throw new Error(`tests must pass before mutants are judged: npm test -- ${nameOf(file)}`);
      tests.push(...answer.reach);
    }
  };
  await Promise.all(started.map(measureNext));
  return { loaded: started[0]?.loaded ?? [], tests };
}

interface Judged {
  readonly verdict: Verdict;
  /** How many tests run its place. */
  readonly count: number;
  /** The test that failed. */
  readonly by: string;
  /** Whether the process of the judge cannot go on. */
  readonly isSpent: boolean;
}

async function verdictOn(mutant: Drawn, { loaded, tests }: Reach, judge: JudgeProcess): Promise<Judged> {
  const { id } = mutant;
  const isLoaded = loaded.includes(id);
  const reaching = tests.filter(({ mutants }) => isLoaded || mutants.includes(id));
  const files = inOrder(reaching, relative(dist, mutant.file));
  const places = files.flatMap((file) => reaching.filter((test) => test.file === file));
  const count = places.length;
  let answer = isLoaded ? null : await judge.ask({ ask: 'judge', mutant: id, tests: places }, limitOf(places));
  let isSpent = answer === NO_ANSWER;
  if (answer === null || (answer !== NO_ANSWER && answer.tell === 'judged' && answer.isSpoiled)) {
    isSpent ||= answer !== null;
    const alone = (await startJudge([], id)).judge;
    // With the tests before it, which it may need.
    const whole = files.flatMap((file) => tests.filter((test) => test.file === file));
    answer = await alone.ask({ ask: 'judge', mutant: id, tests: whole }, limitOf(whole));
    stop(alone);
  }
  if (answer === NO_ANSWER || answer.tell !== 'judged') return { verdict: 'endless', count, by: '', isSpent };
  const by = answer.failed?.name.replace(`${dist}/test/`, '') ?? '';
  if (by !== '') return { verdict: 'killed', count, by, isSpent };
  return { verdict: compiles(mutant) ? 'survived' : 'rejected', count, by, isSpent };
}

/** Processor time. */
function limitOf(tests: readonly TestReach[]): number {
  return START_SECONDS + PATIENCE * tests.reduce((sum, { seconds }) => sum + seconds, 0);
}

/** The files of these tests: those near what is changed first, and then the quickest. */
function inOrder(tests: readonly TestReach[], changed: string): string[] {
  const secondsOf = new Map<string, number>();
  for (const { file, seconds } of tests) secondsOf.set(file, (secondsOf.get(file) ?? 0) + seconds);
  const quickest = [...secondsOf].toSorted(([, a], [, b]) => a - b).map(([file]) => file);
  const { near, far } = testsFor(dist, changed);
  return [near, far].flatMap((files) => quickest.filter((file) => files.includes(file)));
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

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What a test file takes. `unit` needs nothing but Node and is quick; `slow` runs whole samples, fuzz, terminals or
 * many programs; `live` attaches tracers to a real server, as root.
 */
export type TestSet = 'unit' | 'slow' | 'live';

const USAGE = 'usage: npm test -- [--unit] [--slow] [--live] [FILE | part of a path]... [--test-FLAG of node]...';
const CHOICES: Readonly<Record<string, readonly TestSet[]>> = {
  '--unit': ['unit'],
  '--slow': ['slow'],
  '--live': ['live'],
};

/** The set of a test file, by its name alone: nobody keeps a list. */
export function setOf(file: string): TestSet {
  if (file.startsWith('test/live/')) return 'live';
  return file.endsWith('.slow.test.ts') ? 'slow' : 'unit';
}

/** The test files of a checkout, from its sources: what is left in dist of a removed test is none. */
export function testFiles(root: string): string[] {
  return readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `test/${name}`)
    .sort();
}

/** What is given to node at a time: options, and the test files of each process. */
export interface Plan {
  readonly options: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

/** Live tests mostly wait: for load, for a tracer, for the end of a call that hangs. */
const LIVE_AT_ONCE = 2;

/**
 * What to run for these words: the quick tests first, then the slow ones, both on all processors. The live tests come
 * last, two at a time: a real server, a tracer and a load driver share the machine with each. Throws an `Error` with
 * one line where a word names no test.
 */
export function plansOf(words: readonly string[], files: readonly string[]): readonly Plan[] {
  const flags = words.filter((word) => word.startsWith('--') && !Object.hasOwn(CHOICES, word));
  if (flags.some((flag) => !flag.startsWith('--test-'))) throw new Error(USAGE);
  const sets = words.flatMap((word) => CHOICES[word] ?? []);
  const inSet = files.filter((file) => sets.length === 0 || sets.includes(setOf(file)));
  const parts = words.filter((word) => !word.startsWith('--')).map(sourceName);
  const unknown = parts.filter((part) => !inSet.some((file) => file.includes(part)));
  if (unknown.length > 0) throw new Error(`no test file is named ${unknown.join(' or ')}\n${USAGE}`);
  const chosen = inSet.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
  const options = ['--enable-source-maps', '--test', ...flags];
  // One more than there are, since some tests only wait.
  const onAll = [...options, `--test-concurrency=${availableParallelism() + 1}`];
  return (['unit', 'slow', 'live'] as const)
    .map((set) => ({ set, processes: inShares(chosen.filter((file) => setOf(file) === set)) }))
    .map(({ set, processes }) => ({
      options: [
        ...(set === 'unit' ? [YOUNG_ROOM] : []),
        ...(set === 'live'
          ? [...options, `--test-concurrency=${LIVE_AT_ONCE}`]
          : processes.length > 1
            ? onAll
            : options),
      ],
      processes,
    }))
    .filter(({ processes }) => processes.length > 0);
}

/**
 * Quick tests that change what all of a process share: its environment, its folder, the flags of V8. All others leave
 * their process as it was and share one with many: modules are loaded once for them, the schema of the report is
 * compiled once, and functions that V8 compiled for one file are fast for the next.
 */
export const ALONE = ['cli/dump.test.ts', 'cli/keep-file.test.ts', 'cli/starting/', 'tools/'];
/**
 * Room for new objects from the start, in MB. V8 begins with one, and copies what is alive each time that it is full: a
 * tenth of what quick tests took.
 */
const YOUNG_ROOM = '--min-semi-space-size=16';
/** A file for each share, which imports the tests of that share. Node runs files by name: these first. */
const SHARES = 'dist/shares';

/**
 * The files of each process: a share for each processor, since another one would load and compile all modules again.
 * Shares are dealt like cards: neighbours by name are often large together.
 */
export function inShares(
  files: readonly string[],
  processors = availableParallelism(),
): readonly (readonly string[])[] {
  const sharing = files.filter(sharesProcess);
  const count = Math.min(processors, sharing.length);
  const shares = Array.from({ length: count }, (_, share) => sharing.filter((_file, index) => index % count === share));
  return [...shares, ...files.filter((file) => !sharesProcess(file)).map((file) => [file])];
}

export function sharesProcess(file: string): boolean {
  return setOf(file) === 'unit' && !ALONE.some((name) => file.startsWith(`test/${name}`));
}

/** What node is told to run. The name of a share tells its files, so that two runs at once do not mix. */
function nameOfShare(files: readonly string[]): string {
  const [first = ''] = files;
  if (files.length === 1) return builtName(first);
  return `${SHARES}/${createHash('sha256').update(files.join()).digest('hex').slice(0, 8)}.test.js`;
}

/**
 * Writes the files that import the tests of a share. All are there before the first test runs: one that waits for a
 * moment would wait for modules to load, too.
 */
function writeShares(root: string, processes: Plan['processes']): void {
  mkdirSync(join(root, SHARES), { recursive: true });
  for (const files of processes) {
    if (files.length < 2) continue;
    const lines = files.map((file) => `import '../../${builtName(file)}';\n`);
    writeFileSync(join(root, nameOfShare(files)), lines.join(''));
  }
}

/** `./dist/test/cli/usage.test.js` is typed, too: it is what a stack trace names. */
function sourceName(word: string): string {
  return word.replace(/^(?:\.\/)?(?:dist\/)?/, '').replace(/\.js$/, '.ts');
}

function builtName(file: string): string {
  return join('dist', file.replace(/\.ts$/, '.js'));
}

function run(root: string, given: readonly string[]): number {
  const { status, error } = spawnSync(process.execPath, given, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status ?? 1;
}

/** As many slow or live files may fail and be asked again. Where more fail something is wrong that is no chance. */
const ASKED_AGAIN = 3;

/**
 * The check leaves nothing out: there a skipped test is a failure. A live test stands between a real server and a real
 * tracer, and a slow one looks at a terminal or at other programs, on a machine that others may use: a few that failed
 * are run once more, alone, and are named either way. What fails because of the code fails twice.
 */
function runStrictly(root: string, given: readonly string[]): number {
  const { status, tap } = runAndListen(root, given);
  const again = filesToAskAgain(tap);
  if (status === 0 || again.length === 0) return status;
  console.error(`\nRun once more, since only slow or live tests failed: ${again.join(' ')}`);
  const options = given.filter((word) => word.startsWith('--') && !word.startsWith('--test-concurrency='));
  const second = runAndListen(root, [...options, '--test-concurrency=1', ...again.map(builtName)]);
  const how = second.status === 0 ? 'PASSED ON THE SECOND TRY ONLY' : 'failed twice';
  console.error(`\n${how}: ${again.join(' ')}`);
  return second.status;
}

function runAndListen(root: string, given: readonly string[]): { status: number; tap: string } {
  const folder = mkdtempSync(join(tmpdir(), 'drover-tests-'));
  const file = join(folder, 'tap');
  try {
    const shown = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
    const status = run(root, [...shown, '--test-reporter=tap', `--test-reporter-destination=${file}`, ...given]);
    const tap = readFileSync(file, 'utf8');
    const skipped = skippedTests(tap);
    for (const name of skipped) console.error(`skipped, although CI is set: ${name}`);
    return { status: status === 0 && skipped.length > 0 ? 1 : status, tap };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The slow and live files of a TAP output in which a test failed; none where another failed, or one was skipped. */
export function filesToAskAgain(tap: string): string[] {
  if (skippedTests(tap).length > 0) return [];
  const failures = [...tap.matchAll(/^( *)not ok \d+ .*\n(?:\1 {2}.*\n)*?\1 {2}location: '(.*?):\d+:\d+'$/gm)];
  const all = tap.match(/^ *not ok \d+ /gm)?.length ?? 0;
  const files = new Set(failures.map(([, , file = '']) => file.slice(file.lastIndexOf('/test/') + 1)));
  const again = [...files].map((file) => file.replace(/\.js$/, '.ts')).filter((file) => setOf(file) !== 'unit');
  return failures.length === all && again.length === files.size && again.length <= ASKED_AGAIN ? again : [];
}

/** The names of the tests that a TAP output says were skipped, with the reason. */
export function skippedTests(tap: string): string[] {
  return [...tap.matchAll(/^\s*ok \d+ - (.*? # SKIP.*)$/gm)].map(([, name = '']) => name);
}

function main(words: readonly string[]): number {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  try {
    const plans = plansOf(words, testFiles(root));
    const files = plans.flatMap(({ processes }) => processes.flat());
    const unbuilt = files.filter((file) => !existsSync(join(root, builtName(file))));
    if (unbuilt.length > 0) throw new Error(`not built: ${unbuilt.join(' ')}`);
    const codes = plans.map(({ options, processes }) => {
      writeShares(root, processes);
      const given = [...options, ...processes.map(nameOfShare)];
      return process.env.CI ? runStrictly(root, given) : run(root, given);
    });
    return Math.max(...codes);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return 2;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv.slice(2));

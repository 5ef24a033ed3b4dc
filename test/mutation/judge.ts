import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { type CollectedTest, takeTests } from './collected-tests.ts';

/** One test of a file, by its place there. */
export interface TestPlace {
  readonly file: string;
  readonly index: number;
}

/** What a test runs, and how long it takes. */
export interface TestReach extends TestPlace {
  /** Processor time. */
  readonly seconds: number;
  /** The numbers of the mutants whose place it runs, or its file while it is loaded. */
  readonly mutants: readonly number[];
}

/** What this process is asked, one thing at a time. */
export type Question =
  /** Load the modules with mutants. Answered by those that are computed then: no test can be told to run them. */
  | { readonly ask: 'load'; readonly programs: readonly string[] }
  | { readonly ask: 'measure'; readonly file: string }
  | { readonly ask: 'judge'; readonly mutant: number; readonly tests: readonly TestPlace[] };

/** The first test that failed. */
export interface Failed {
  readonly place: TestPlace;
  readonly name: string;
}

export type Answer =
  | { readonly tell: 'loaded'; readonly mutants: readonly number[] }
  | { readonly tell: 'measured'; readonly reach: readonly TestReach[] }
  | { readonly tell: 'judged'; readonly failed: Failed | null; readonly isSpoiled: boolean };

const NONE = -1;
/** Of a mutant that is on while modules are loaded, in a process of its own. */
const always = Number(process.env['DROVER_MUTANT'] ?? NONE);

let active = always;
let ran: Set<number> | null = null;
let imports = 0;
let stray: unknown = null;

Object.assign(globalThis, {
  droverMutant: (id: number): boolean => {
    ran?.add(id);
    return id === active;
  },
});
register('./judging-hooks.js', import.meta.url);
process.on('unhandledRejection', (reason) => {
  stray = reason ?? 'rejected';
});
process.on('uncaughtException', (error) => {
  stray = error;
});
process.on('message', async (question: Question) => process.send?.(await answerTo(question)));

async function answerTo(question: Question): Promise<Answer> {
  switch (question.ask) {
    case 'load':
      ran = new Set();
      for (const program of question.programs) await import(pathToFileURL(program).href);
      return { tell: 'loaded', mutants: taken() };
    case 'measure':
      return { tell: 'measured', reach: await measure(question.file) };
    case 'judge':
      return { tell: 'judged', ...(await judge(question.mutant, question.tests)) };
  }
}

async function measure(file: string): Promise<TestReach[]> {
  ran = new Set();
  const tests = await testsOf(file);
  const loading = taken();
  const reach: TestReach[] = [];
  for (const [index, test] of tests.entries()) {
    const start = process.cpuUsage();
    ran = new Set(loading);
    if (!(await passes(test))) throw new Error(`${file}: ${test.name} fails without a mutant`);
    const { user, system } = process.cpuUsage(start);
    reach.push({ file, index, seconds: (user + system) / 1e6, mutants: taken() });
  }
  return reach;
}

function taken(): number[] {
  const mutants = [...(ran ?? [])];
  ran = null;
  return mutants;
}

/**
 * A test that fails without the mutant, too, fails by what an earlier mutant left behind in this process, or for want
 * of a test before it that does not run the mutant: nothing is known of the mutant then.
 */
async function judge(
  mutant: number,
  places: readonly TestPlace[],
): Promise<{ failed: Failed | null; isSpoiled: boolean }> {
  active = mutant;
  const failed = await firstFailed(places);
  active = always;
  if (failed === null || always !== NONE) return { failed, isSpoiled: false };
  const ofFile = places.filter(({ file }) => file === failed.place.file);
  return { failed, isSpoiled: (await firstFailed(ofFile)) !== null };
}

/** What test files and their support computed is kept for this one run of tests. */
async function firstFailed(places: readonly TestPlace[]): Promise<Failed | null> {
  imports++;
  const declared = new Map<string, readonly CollectedTest[]>();
  for (const place of places) {
    const { file, index } = place;
    try {
      const tests = declared.get(file) ?? (await testsOf(file));
      declared.set(file, tests);
      const test = tests[index];
      if (test === undefined || !(await passes(test))) return { place, name: `${file}: ${test?.name}` };
    } catch (error) {
      return { place, name: `${file}: ${error}` };
    }
  }
  return null;
}

async function testsOf(file: string): Promise<CollectedTest[]> {
  await import(`${pathToFileURL(file).href}?again=${imports}`);
  return takeTests();
}

async function passes({ run }: CollectedTest): Promise<boolean> {
  stray = null;
  try {
    await run();
  } catch {
    return false;
  }
  return stray === null;
}

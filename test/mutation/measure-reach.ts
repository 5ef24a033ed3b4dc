import { writeFileSync } from 'node:fs';
import { test } from 'node:test';

/** What a test file runs, and how long it takes. */
export interface TestReach {
  readonly test: string;
  /** Processor time. */
  readonly seconds: number;
  /** The numbers of the mutants whose place it runs. */
  readonly mutants: readonly number[];
}

/** What one run of the tests tells. */
export interface Reach {
  /** Mutants of what is computed while a module is loaded: no test can be told to run them. */
  readonly loaded: readonly number[];
  readonly tests: readonly TestReach[];
}

/** What to run: the modules with mutants, the test files, and the file for a `Reach`. */
export interface ReachRequest {
  readonly programs: readonly string[];
  readonly tests: readonly string[];
  readonly output: string;
}

let ran = new Set<number>();
Object.assign(globalThis, {
  droverMutant: (id: number): boolean => {
    ran.add(id);
    return false;
  },
});
const { programs, tests, output }: ReachRequest = JSON.parse(process.argv[2] ?? '');
for (const program of programs) await import(program);
const loaded = [...ran];
const reaches: TestReach[] = [];
for (const file of tests) {
  const start = process.cpuUsage();
  ran = new Set();
  await import(file);
  // Tests of a file run in their order, so that this one is the last.
  await test(`what ${file} runs`, () => {
    const { user, system } = process.cpuUsage(start);
    reaches.push({ test: file, seconds: (user + system) / 1e6, mutants: [...ran] });
  });
}
writeFileSync(output, JSON.stringify({ loaded, tests: reaches } satisfies Reach));

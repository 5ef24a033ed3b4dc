import type { Profiler } from 'node:inspector';
import { join } from 'node:path';

/** What V8 counted of one built file (relative to the project) while one test file ran. */
export interface Covered {
  readonly file: string;
  readonly functions: readonly Profiler.FunctionCoverage[];
}

/** What a test file ran. */
export interface TestReach {
  readonly test: string;
  /** Of processor time: on busy cores the time of a clock says little. */
  readonly milliseconds: number;
  readonly covered: readonly Covered[];
}

interface Span {
  readonly from: number;
  readonly to: number;
}

/** Which test files run a place of a built file. */
export class Reach {
  readonly #tests: readonly TestReach[];
  readonly #milliseconds: ReadonlyMap<string, number>;
  readonly #functions = new Map<string, Map<string, Span>>();

  constructor(root: string, relative: readonly TestReach[]) {
    const tests = relative.map(({ test, milliseconds, covered }) => ({
      test: join(root, test),
      milliseconds,
      covered: covered.map(({ file, functions }) => ({ file: join(root, file), functions })),
    }));
    this.#tests = tests;
    this.#milliseconds = new Map(tests.map(({ test, milliseconds }) => [test, milliseconds]));
    for (const { file, functions } of tests.flatMap(({ covered }) => covered)) {
      const known = this.#functions.get(file) ?? new Map<string, Span>();
      this.#functions.set(file, known);
      for (const each of functions) known.set(keyOf(each), spanOf(each));
    }
  }

  /** The tests among `tests` that run the place, in the given order; all of them for what runs while a file loads. */
  of(file: string, at: number, tests: readonly string[]): string[] {
    const inside = [...(this.#functions.get(file)?.values() ?? [])].filter(({ from, to }) => from <= at && at < to);
    const [inner] = inside.toSorted((a, b) => a.to - a.from - (b.to - b.from));
    if (inner === undefined || inner.from === 0) return [...tests];
    const key = `${inner.from}-${inner.to}`;
    const reaching = new Set(
      this.#tests
        .filter(({ covered }) => covered.some((each) => each.file === file && ran(each, key, at)))
        .map(({ test }) => test),
    );
    return tests.filter((test) => reaching.has(test));
  }

  /** The shortest first. */
  quickest(tests: readonly string[]): string[] {
    return tests.toSorted((a, b) => this.#timeOf(a) - this.#timeOf(b));
  }

  /** The processor time that these tests took. */
  seconds(tests: readonly string[]): number {
    return tests.reduce((sum, test) => sum + this.#timeOf(test), 0) / 1_000;
  }

  #timeOf(test: string): number {
    return this.#milliseconds.get(test) ?? 0;
  }
}

/** V8 leaves out what did not run since the last look: a function that is missing did not run. */
function ran({ functions }: Covered, key: string, at: number): boolean {
  const own = functions.find((each) => keyOf(each) === key);
  const blocks = own?.ranges.filter(({ startOffset, endOffset }) => startOffset <= at && at < endOffset) ?? [];
  const [inner] = blocks.toSorted((a, b) => a.endOffset - a.startOffset - (b.endOffset - b.startOffset));
  return inner !== undefined && inner.count > 0;
}

function keyOf(each: Profiler.FunctionCoverage): string {
  const { from, to } = spanOf(each);
  return `${from}-${to}`;
}

function spanOf({ ranges: [whole] }: Profiler.FunctionCoverage): Span {
  return { from: whole?.startOffset ?? 0, to: whole?.endOffset ?? 0 };
}

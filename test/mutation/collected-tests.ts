/** Stands for `node:test` in the process that judges mutants: tests are kept, and run as often as somebody asks. */

export interface CollectedTest {
  readonly name: string;
  readonly run: () => unknown;
}

type Body = () => unknown;

let collected: CollectedTest[] = [];
let declaring: unknown[] = [];
const suites: string[] = [];

/** The tests that were declared since somebody asked. */
export async function takeTests(): Promise<CollectedTest[]> {
  await Promise.all(declaring);
  declaring = [];
  const taken = collected;
  collected = [];
  return taken;
}

/** `it(NAME, BODY)` and `it(NAME, { skip }, BODY)`: what quick tests of these rooms use. */
export function it(name: string, given: Body | { readonly skip?: unknown }, body?: Body): void {
  const run = typeof given === 'function' ? given : body;
  if (run === undefined || (typeof given === 'object' && given.skip)) return;
  collected.push({ name: [...suites, name].join(' > '), run });
}

/** A suite may wait before it declares: its later tests have their own names alone. */
export function describe(name: string, declare: Body): void {
  suites.push(name);
  declaring.push(declare());
  suites.pop();
}

export { it as test };
// biome-ignore lint/style/noDefaultExport: node:test has one.
export default it;

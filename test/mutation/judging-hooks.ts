/** Hooks of `module.register` for the process that judges mutants. */

interface Resolved {
  readonly url: string;
  readonly shortCircuit?: boolean;
}

type Next = (specifier: string, context: object) => Promise<Resolved>;

const TESTS = new URL('../', import.meta.url).href;
const COLLECTED = new URL('collected-tests.js', import.meta.url).href;

/**
 * `node:test` is the module that keeps tests. A test file that is imported as `FILE?again=N` gets test modules of its
 * own, with all that they computed; the modules of drover stay as they were loaded.
 */
export async function resolve(
  specifier: string,
  context: { readonly parentURL?: string },
  next: Next,
): Promise<Resolved> {
  if (specifier === 'node:test') return { url: COLLECTED, shortCircuit: true };
  const resolved = await next(specifier, context);
  const again = context.parentURL === undefined ? '' : new URL(context.parentURL).search;
  const isOfTests = resolved.url.startsWith(TESTS) && resolved.url !== COLLECTED;
  return again !== '' && isOfTests && !resolved.url.includes('?')
    ? { ...resolved, url: resolved.url + again }
    : resolved;
}

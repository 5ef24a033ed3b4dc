/**
 * Where a file of the package lies, named from its top. Whoever runs, compiled (`dist/src/`) or bundled
 * (`dist/bundle/`), lies two folders below.
 */
export function installed(path: string): URL {
  return new URL(`../../${path}`, import.meta.url);
}

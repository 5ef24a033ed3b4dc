import { readFileSync } from 'node:fs';
import type { Kind } from '../../src/detectors/registry.ts';

/** Compiled tests lie in dist/test; the READMEs are not copied there. */
const FOLDER = new URL('../../../src/detectors/', import.meta.url);

/** The page that `drover explain KIND` prints. */
export function pageOf(kind: Kind): string {
  return readFileSync(new URL(`${kind}/README.md`, FOLDER), 'utf8');
}

/** The fenced blocks with this info string, each with the heading it stands under. */
export function fences(page: string, info: string): { readonly under: string; readonly text: string }[] {
  const found: { under: string; text: string }[] = [];
  for (const match of page.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)) {
    const under =
      page
        .slice(0, match.index)
        .match(/^## (.*)$/gm)
        ?.at(-1) ?? '';
    if (new RegExp(`^${info}$`).test(match[1] ?? '')) found.push({ under, text: match[2] ?? '' });
  }
  return found;
}

/** The trace on the page that makes the detector fire. */
export function firingExample(kind: Kind): string {
  return fences(pageOf(kind), '(?:strace|bpftrace) fires')[0]?.text ?? '';
}

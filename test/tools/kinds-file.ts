import type { RegisteredDetector } from '../../src/detectors/registry.ts';

/** What `src/detectors/kinds.ts` says when these are the definitions in the list of detectors. */
export function kindsFile(definitions: readonly RegisteredDetector[]): string {
  const perWorker = definitions.filter((each) => each.perWorker === true).map(({ kind }) => `'${kind}'`);
  const addsUp = definitions.flatMap(({ kind, addsUp: of }) => (of === undefined ? [] : [`'${kind}': '${of}'`]));
  return `// Written by npm run schema from the definitions in registry.ts: what views of a report know of kinds, and types of the
// package, must not lead to every detector.

/** What a finding can be. */
export type Kind =
${definitions.map(({ kind }) => `  | '${kind}'`).join('\n')};

/** Kinds of which each finding is about one worker. */
export const PER_WORKER: readonly Kind[] = [${perWorker.join(', ')}];

/** Kinds whose findings add up those of another kind. */
export const ADDS_UP: Readonly<Partial<Record<Kind, Kind>>> = { ${addsUp.join(', ')} };
`;
}

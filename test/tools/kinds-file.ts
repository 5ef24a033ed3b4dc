import type { RegisteredDetector } from '../../src/detectors/registry.ts';

/** What `src/detectors/kinds.ts` says when these are the definitions in the list of detectors. */
export function kindsFile(definitions: readonly RegisteredDetector[]): string {
  const perWorker = definitions.filter((each) => each.perWorker === true).map(({ kind }) => `'${kind}'`);
  const addsUp = definitions.flatMap(({ kind, addsUp: of }) => (of === undefined ? [] : [`'${kind}': '${of}'`]));
  const measures = definitions.map((each) => {
    const parts = Object.entries(each.measures ?? usualMeasures(each)).map(([what, name]) => `${what}: '${name}'`);
    const line = `  '${each.kind}': ${parts.length === 0 ? '{}' : `{ ${parts.join(', ')} }`},\n`;
    return line.length <= WIDTH ? line : `  '${each.kind}': {\n    ${parts.join(',\n    ')},\n  },\n`;
  });
  return `// Written by npm run schema from the definitions in registry.ts: what views of a report know of kinds, and types of the
// package, must not lead to every detector.

/** What a finding can be. */
export type Kind =
${definitions.map(({ kind }) => `  | '${kind}'`).join('\n')};

/** Kinds of which each finding is about one worker. */
export const PER_WORKER: readonly Kind[] = [${perWorker.join(', ')}];

/** Kinds whose findings add up those of another kind. */
export const ADDS_UP: Readonly<Partial<Record<Kind, Kind>>> = { ${addsUp.join(', ')} };

/**
 * The metrics that say how much there is of a trouble: how often, how long in all, how long at most, or its share (0 to
 * 1). A name with a dot is that of all in a list.
 */
export interface Measures {
  readonly count?: string;
  readonly totalMs?: string;
  readonly longestMs?: string;
  readonly share?: string;
}

export const MEASURES: Readonly<Record<Kind, Measures>> = {
${measures.join('')}};
`;
}

const WIDTH = 120;
const USUAL = ['count', 'totalMs', 'longestMs'] as const;

function usualMeasures({ metrics }: RegisteredDetector): Readonly<Record<string, string>> {
  return Object.fromEntries(USUAL.filter((name) => name in metrics).map((name) => [name, name]));
}

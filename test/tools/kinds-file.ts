/** What `src/detectors/kinds.ts` says when these kinds are in the list of detectors. */
export function kindsFile(kinds: readonly string[]): string {
  return `// Written by npm run schema from the list in registry.ts: types of the package must not lead to every detector.

/** What a finding can be. */
export type Kind =
${kinds.map((kind) => `  | '${kind}'`).join('\n')};
`;
}

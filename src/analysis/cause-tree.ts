import type { Causing } from '../detectors/effect.ts';
import { definitionOf } from '../detectors/registry.ts';
import { groupedBy } from '../trace/grouped-by.ts';
import type { Draft } from './parts.ts';

/** From this part on a cause explains a finding. */
const MOST_OF_IT = 0.5;

/**
 * A cause: the finding that speaks for it, those of other workers that have the same, and what came of it;
 * `words` are empty where an effect of the same kind says it for all of its workers.
 */
export interface CauseWithEffects {
  readonly first: Draft;
  readonly members: readonly Draft[];
  readonly effects: readonly { readonly draft: Draft; readonly words: string }[];
}

/**
 * The causes among drafts that stand in the order in which to act, in the same order: a cause comes where the first of
 * its findings stood. `drafts`: as the detectors gave them, where the first of a cause comes first.
 */
export function causesOf(sorted: readonly Draft[], drafts: readonly Draft[]): CauseWithEffects[] {
  const groups = groupsOf(drafts);
  const groupByDraft = new Map(groups.flatMap((group) => group.map((draft) => [draft, group] as const)));
  const above = new Map<readonly Draft[], readonly Draft[]>();
  const words = new Map<Draft, string>();
  const rootOf = (group: readonly Draft[]): readonly Draft[] => {
    let root = group;
    for (let next = above.get(root); next !== undefined; next = above.get(root)) root = next;
    return root;
  };
  for (const group of groups) {
    const cause = causeOf(group, groups);
    // Two kinds may each be the cause of the other: never both at once, or neither would be on the screen.
    if (cause === null || rootOf(cause.group) === group) continue;
    above.set(group, cause.group);
    for (const [index, draft] of group.entries()) words.set(draft, index === 0 ? cause.words : '');
  }
  const places = new Map(sorted.map((draft, index) => [draft, index]));
  const place = (draft: Draft): number => places.get(draft) ?? 0;
  const roots = new Map<readonly Draft[], CauseWithEffects['effects'][number][]>();
  for (const draft of sorted) {
    const root = rootOf(groupByDraft.get(draft) ?? [draft]);
    const effects = roots.get(root) ?? [];
    roots.set(root, effects);
    if (!root.includes(draft)) effects.push({ draft, words: words.get(draft) ?? draft.title });
  }
  const causes = [...roots].flatMap(([[first, ...members], effects]) =>
    first === undefined ? [] : [{ first, members: members.toSorted((a, b) => place(a) - place(b)), effects }],
  );
  return worstFirst(causes);
}

/**
 * Of neighbours of one kind and severity those come first of which something critical came: a stall that cost a worker
 * its life before one that took more time.
 */
function worstFirst(causes: readonly CauseWithEffects[]): CauseWithEffects[] {
  const runs: CauseWithEffects[][] = [];
  for (const cause of causes) {
    const run = runs.at(-1);
    const before = run?.[0]?.first;
    const { kind, severity, confidence } = cause.first;
    if (before?.kind === kind && before.severity === severity && before.confidence === confidence) run?.push(cause);
    else runs.push([cause]);
  }
  const isHarmless = ({ effects }: CauseWithEffects): number =>
    effects.some(({ draft }) => draft.severity === 'critical') ? 0 : 1;
  return runs.flatMap((run) => run.toSorted((a, b) => isHarmless(a) - isHarmless(b)));
}

/** Drafts of one kind that name the same cause are one; all others stand alone. */
function groupsOf(drafts: readonly Draft[]): Draft[][] {
  const groups = groupedBy(drafts, (draft) => (draft.cause === undefined ? draft : `${draft.kind} ${draft.cause}`));
  return [...groups.values()];
}

/** The group that explains most of each draft of this one; null where none explains half of it. */
function causeOf(
  group: readonly Draft[],
  groups: readonly (readonly Draft[])[],
): { readonly group: readonly Draft[]; readonly words: string } | null {
  const [own] = group;
  const effect = own === undefined ? undefined : definitionOf(own.kind).effect;
  if (own === undefined || effect === undefined) return null;
  let best: readonly Draft[] | null = null;
  let most = effect.least ?? MOST_OF_IT;
  let rank = Number.POSITIVE_INFINITY;
  let kind = '';
  for (const other of groups) {
    const [first] = other;
    if (first === undefined || !effect.of.includes(first.kind) || first.severity === 'info') continue;
    const cause: Causing = { kind: first.kind, findings: other };
    const share = Math.min(...group.map(({ metrics }) => effect.share(metrics, cause)));
    // Of two that explain as much the kind that is named first says more.
    const place = effect.of.indexOf(first.kind);
    if (share < most || (share === most && best !== null && place >= rank)) continue;
    best = other;
    most = share;
    rank = place;
    kind = first.kind;
  }
  return best === null ? null : { group: best, words: effect.inWords(own.metrics, most, kind) };
}

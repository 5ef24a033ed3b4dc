import { definitionOf, type Kind } from '../detectors/registry.ts';
import type { Draft } from './parts.ts';

/** Links of one finding, at most. */
const MOST_LINKS = 8;

/** They speak of the same request, listener or file, or of one process in which one explains the other. */
export function areRelated(first: Draft, second: Draft): boolean {
  const [few, many] = first.subjects.length < second.subjects.length ? [first, second] : [second, first];
  const known = subjectsOf(many);
  let isSameProcess = false;
  for (const subject of few.subjects) {
    if (!known.has(subject)) continue;
    if (!subject.startsWith('pid ')) return true;
    isSameProcess = true;
  }
  if (!isSameProcess) return false;
  return isLinked(first.kind, second.kind) || isLinked(second.kind, first.kind);
}

/**
 * One explains the other when both are about one process; other links need a request, a listener, a file or the like in
 * common.
 */
function isLinked(kind: Kind, other: Kind): boolean {
  return definitionOf(kind).linkedInProcess?.includes(other) ?? false;
}

/** A finding about ten thousand workers is compared with many others. */
const SUBJECTS = new WeakMap<Draft, ReadonlySet<string>>();

function subjectsOf(draft: Draft): ReadonlySet<string> {
  const known = SUBJECTS.get(draft);
  if (known !== undefined) return known;
  const made = new Set(draft.subjects);
  SUBJECTS.set(draft, made);
  return made;
}

/**
 * Who is linked with whom, in both directions: first those of different kinds, then those that say the same of another
 * worker.
 */
export function linksOf(sorted: readonly Draft[]): ReadonlyMap<Draft, readonly Draft[]> {
  const links = new Map<Draft, Draft[]>(sorted.map((draft) => [draft, []]));
  for (const sameKind of [false, true]) {
    for (const [index, draft] of sorted.entries()) {
      const own = links.get(draft) ?? [];
      for (let at = index + 1; at < sorted.length && own.length < MOST_LINKS; at++) {
        const other = sorted[at] as Draft;
        const its = links.get(other) ?? [];
        if ((draft.kind === other.kind) !== sameKind || its.length >= MOST_LINKS || !areRelated(draft, other)) continue;
        own.push(other);
        its.push(draft);
      }
    }
  }
  const place = new Map(sorted.map((draft, index) => [draft, index]));
  for (const linked of links.values()) linked.sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
  return links;
}

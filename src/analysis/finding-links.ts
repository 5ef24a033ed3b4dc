import type { DraftFinding, Kind } from '../detectors/finding.ts';

/** Links of one finding, at most. */
const MOST_LINKS = 8;

/** Kinds that explain each other when they are about the same process; other links need a request, a listener, a file or the like in common. */
const OF_ONE_PROCESS: Readonly<Partial<Record<Kind, readonly Kind[]>>> = {
  'loop-stall': ['service-stall', 'heartbeat-late', 'gil-starvation', 'backlog-overflow', 'stranded-queue', 'accept-hoarding'],
  'lock-contention': ['worker-saturation'],
  'disk-sync': ['worker-saturation'],
  'blocking-dns': ['worker-saturation'],
  'fd-leak': ['accept-errors'],
};

/** They speak of the same request, listener or file, or of one process in which one explains the other. */
export function areRelated(first: DraftFinding, second: DraftFinding): boolean {
  const shared = first.subjects.filter((subject) => second.subjects.includes(subject));
  if (shared.some((subject) => !subject.startsWith('pid '))) return true;
  if (shared.length === 0) return false;
  return (OF_ONE_PROCESS[first.kind]?.includes(second.kind) || OF_ONE_PROCESS[second.kind]?.includes(first.kind)) ?? false;
}

/** Who is linked with whom, in both directions: first those of different kinds, then those that say the same of another worker. */
export function linksOf(sorted: readonly DraftFinding[]): ReadonlyMap<DraftFinding, readonly DraftFinding[]> {
  const links = new Map<DraftFinding, DraftFinding[]>(sorted.map((draft) => [draft, []]));
  for (const sameKind of [false, true]) {
    for (const [index, draft] of sorted.entries()) {
      for (const other of sorted.slice(index + 1)) {
        const own = links.get(draft) ?? [];
        const its = links.get(other) ?? [];
        if ((draft.kind === other.kind) !== sameKind || own.length >= MOST_LINKS || its.length >= MOST_LINKS) continue;
        if (!areRelated(draft, other)) continue;
        own.push(other);
        its.push(draft);
      }
    }
  }
  const place = new Map(sorted.map((draft, index) => [draft, index]));
  for (const linked of links.values()) linked.sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0));
  return links;
}

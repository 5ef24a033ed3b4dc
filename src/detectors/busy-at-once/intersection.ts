import type { Nanoseconds } from '../../trace/time.ts';

export interface Interval {
  readonly start: Nanoseconds;
  readonly end: Nanoseconds;
}

export interface Life extends Interval {
  /** Does not overlap itself. */
  readonly busy: readonly Interval[];
}

/**
 * The intervals in which at least two lives run (`least`) and all that run are busy, or at least `enough` of them.
 */
export function allAtOnce(lives: readonly Life[], enough = Number.POSITIVE_INFINITY, least = 2): Interval[] {
  const edges: { readonly at: Nanoseconds; readonly alive: number; readonly busy: number }[] = [];
  for (const life of lives) {
    edges.push({ at: life.start, alive: 1, busy: 0 }, { at: life.end, alive: -1, busy: 0 });
    for (const { start, end } of life.busy) {
      const last = Math.min(end, life.end);
      if (last > start) edges.push({ at: start, alive: 0, busy: 1 }, { at: last, alive: 0, busy: -1 });
    }
  }
  edges.sort((a, b) => a.at - b.at);
  const found: Interval[] = [];
  let alive = 0;
  let busy = 0;
  let since: Nanoseconds | null = null;
  for (let i = 0; i < edges.length; ) {
    const at = edges[i]?.at ?? 0;
    for (; i < edges.length && edges[i]?.at === at; i++) {
      alive += edges[i]?.alive ?? 0;
      busy += edges[i]?.busy ?? 0;
    }
    const all = alive >= least && busy >= Math.min(alive, enough);
    if (all && since === null) since = at;
    else if (!all && since !== null) {
      if (at > since) found.push({ start: since, end: at });
      since = null;
    }
  }
  return found;
}

/** How many of them lived at once for most of the time that `within` covers; 0 where none did. */
export function mostlyAlive(lives: readonly Interval[], within: readonly Interval[]): number {
  const edges: { readonly at: Nanoseconds; readonly alive: number; readonly inside: number }[] = [];
  for (const { start, end } of lives) edges.push({ at: start, alive: 1, inside: 0 }, { at: end, alive: -1, inside: 0 });
  for (const { start, end } of within)
    edges.push({ at: start, alive: 0, inside: 1 }, { at: end, alive: 0, inside: -1 });
  edges.sort((a, b) => a.at - b.at);
  const times = new Map<number, Nanoseconds>();
  let alive = 0;
  let inside = 0;
  for (const [index, edge] of edges.entries()) {
    alive += edge.alive;
    inside += edge.inside;
    const length = (edges[index + 1]?.at ?? edge.at) - edge.at;
    if (inside > 0 && alive > 0 && length > 0) times.set(alive, (times.get(alive) ?? 0) + length);
  }
  let mostly = 0;
  for (const [number, time] of times) if (time > (times.get(mostly) ?? 0)) mostly = number;
  return mostly;
}

/** How many of them were busy at once at most. */
export function mostAtOnce(lives: readonly Pick<Life, 'busy'>[]): number {
  const edges = lives.flatMap(({ busy }) =>
    busy.flatMap(({ start, end }) => [
      { at: start, by: 1 },
      { at: end, by: -1 },
    ]),
  );
  edges.sort((a, b) => a.at - b.at || a.by - b.by);
  let busy = 0;
  let most = 0;
  for (const { by } of edges) {
    busy += by;
    most = Math.max(most, busy);
  }
  return most;
}

import type { Outcome } from '../analysis/report.ts';
import { plural } from '../trace/format-numbers.ts';
import { groupedBy } from '../trace/grouped-by.ts';

/** One answer for one kind, or for several of which the same is to be said. */
export interface CommonReason {
  /** The kind, or `12 kinds`. */
  readonly label: string;
  /** The reason; of several kinds what they lack, with their names, and then what to do about it. */
  readonly lines: readonly string[];
}

/** The end of a reason that says how to record what is missing. */
const STEP = /^(?<why>.*?[.]) (?<step>(?:If -e left (?:it|them) out, record|Record) .*)$/s;
/** `No accept call in the trace`: the first words of a reason, of which the rest is about the kind. */
const LACK = /^(No .* calls? in the trace)(?:: .*|\.)$/s;

/** Reasons with what they have in common told once, in the order of the kinds that come first. */
export function reasonsInCommon(entries: readonly (readonly [kind: string, outcome: Outcome])[]): CommonReason[] {
  const all = entries.map(([kind, { reason }]) => ({ kind, reason, ...partsOf(reason) }));
  return [...groupedBy(all, ({ reason, step }) => step || reason).values()].map((group) => {
    const [first] = group;
    if (first === undefined || group.length === 1) return { label: first?.kind ?? '', lines: [first?.reason ?? ''] };
    const label = plural(group.length, 'kind');
    if (first.step === '') return { label, lines: [first.reason, listOf(group)] };
    const lacks = groupedBy(group, ({ lack }) => lack);
    return { label, lines: [...[...lacks].map(([lack, kinds]) => `${lack}: ${listOf(kinds)}`), first.step] };
  });
}

function partsOf(reason: string): { readonly lack: string; readonly step: string } {
  const { why = '', step = '' } = STEP.exec(reason)?.groups ?? {};
  return { lack: (LACK.exec(why)?.[1] ?? why).replace(/\.$/, ''), step: step.replace('left it out', 'left them out') };
}

function listOf(group: readonly { readonly kind: string }[]): string {
  return group.map(({ kind }) => kind).join(', ');
}

import { show } from '../show.ts';

/** What an attribute can be here; null: it is left out. */
export type Scalar = string | number | null;

/** One attribute, as OTLP writes it in JSON: whole numbers as text, since JavaScript cannot hold all of 64 bits. */
export interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string } | { readonly doubleValue: number };
}

/** Those that have a value, in their order. Texts come from traces: what a terminal acts on is escaped in them. */
export function attributes(values: Readonly<Record<string, Scalar>>): readonly Attribute[] {
  return Object.entries(values).flatMap(([key, value]) => (value === null ? [] : [{ key, value: valueOf(value) }]));
}

function valueOf(value: string | number): Attribute['value'] {
  if (typeof value === 'string') return { stringValue: show(value) };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

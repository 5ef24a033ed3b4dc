import { show } from '../show.ts';

const MILLION = 1_000_000n;

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

/** Nanoseconds since 1970 of a time as reports write it (`2026-11-20T02:13:29.100000Z`); null for none. */
export function nanosecondsOf(time: string | null): bigint | null {
  const [, seconds = '', fraction = ''] = /^([\dT:-]{19})\.(\d{6})Z$/.exec(time ?? '') ?? [];
  const milliseconds = Date.parse(`${seconds}Z`);
  return Number.isNaN(milliseconds) ? null : BigInt(milliseconds) * MILLION + BigInt(fraction) * 1_000n;
}

/** The same a while later. */
export function addMilliseconds(time: bigint, milliseconds: number): bigint {
  return time + BigInt(Math.round(milliseconds * 1e6));
}

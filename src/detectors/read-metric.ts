import type { Metric } from './finding-words.ts';

type Fields = { readonly [name: string]: Metric };

/** The records of a list among the numbers of a finding; none where it is no list. */
export function listOf(value: Metric | undefined): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** A number among the numbers of a finding; 0 where it is none. */
export function numberOf(value: Metric | undefined): number {
  return typeof value === 'number' ? value : 0;
}

/** A text among the numbers of a finding; empty where it is none. */
export function textOf(value: Metric | undefined): string {
  return typeof value === 'string' ? value : '';
}

function isRecord(value: Metric): value is Fields {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

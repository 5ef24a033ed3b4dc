import { UsageError } from './usage-error.ts';

/** A whole number above zero. Throws `UsageError`. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || !Number.isSafeInteger(value)) throw new UsageError(`"${text}" is not a whole number above zero.`);
  return value;
}

/** `4711`, `4711,4712`, and what earlier options gave. Throws `UsageError`. */
export function parsePids(text: string, before: readonly number[] = []): number[] {
  return [
    ...before,
    ...text.split(',').map((part) => {
      if (!/^[1-9]\d{0,9}$/.test(part.trim())) throw new UsageError(`"${text}" is not a pid.`, { hint: 'Give numbers: --pid 4711,4712' });
      return Number(part);
    }),
  ];
}

/** `NAME=VALUE`, added to what earlier options gave. Whether the name exists is not looked at here. Throws `UsageError`. */
export function parseThreshold(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`"${text}" does not set a threshold.`, { hint: 'Write NAME=VALUE. drover explain thresholds lists the names.' });
  return { ...before, [name.trim()]: value.trim() };
}

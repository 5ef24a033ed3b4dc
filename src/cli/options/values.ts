import { COLUMN_NAMES, complaintOfColumns } from '../../trace/column-names.ts';
import { UsageError } from './usage-error.ts';

/** Reads whole numbers above zero; `example` is a right use of the option. What it gives throws `UsageError`. */
export function countOf(example: string): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && Number.isSafeInteger(value)) return value;
    throw new UsageError(`"${text}" is not a whole number above zero.`, { hint: `Write ${example}` });
  };
}

/** `4711`, `4711,4712`, and what earlier words gave; `example` is a right one. Throws `UsageError`. */
export function parsePids(text: string, before: readonly number[] = [], example = '--pid 4711,4712'): number[] {
  return [
    ...before,
    ...text.split(',').map((part) => {
      if (!/^[1-9]\d{0,9}$/.test(part.trim()))
        throw new UsageError(`"${text}" is not a pid.`, { hint: `Give numbers: ${example}` });
      return Number(part);
    }),
  ];
}

/** `ts pid tid comm call fd ret dur:us`. Throws `UsageError`. */
export function parseColumns(text: string): string[] {
  const names = text.split(/[\s,]+/).filter((name) => name !== '');
  const complaint = complaintOfColumns(names);
  if (complaint !== '') throw new UsageError(complaint, { hint: `Columns are named ${COLUMN_NAMES}.` });
  return names;
}

/**
 * `NAME=VALUE`, added to what earlier options gave. Whether the name exists is not looked at here. Throws `UsageError`.
 */
export function parseThreshold(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new UsageError(`"${text}" does not set a threshold.`, {
      hint: 'Write NAME=VALUE. drover explain thresholds lists the names.',
    });
  return { ...before, [name.trim()]: value.trim() };
}

const DAY = 86_400;
const SECONDS = { s: 1, m: 60, h: 3_600, d: DAY } as const;
const MOST_DAYS = 30;

/** `60s`, `2m`, `1h`, or a number of seconds, as whole seconds. Throws `UsageError`. */
export function parseSeconds(text: string): number {
  const seconds = secondsOf(text);
  if (!(seconds >= 1 && seconds <= DAY))
    throw new UsageError(`"${text}" is no time between a second and a day.`, { hint: 'Write 30s, 2m or 1h.' });
  return seconds;
}

/** The same for what may go on for days: `7d`. Throws `UsageError`. */
export function parseLongSeconds(text: string): number {
  const seconds = secondsOf(text);
  if (!(seconds >= 1 && seconds <= MOST_DAYS * DAY))
    throw new UsageError(`"${text}" is no time between a second and ${MOST_DAYS} days.`, {
      hint: 'Write 30s, 2m, 1h or 7d.',
    });
  return seconds;
}

function secondsOf(text: string): number {
  const { number, unit = 's' } = /^(?<number>\d+(?:\.\d+)?)(?<unit>[smhd])?$/.exec(text)?.groups ?? {};
  return Math.ceil(Number(number) * SECONDS[unit as keyof typeof SECONDS]);
}

/** `5%`, `0.5`: percent, above zero. Throws `UsageError`. */
export function parsePercent(text: string): number {
  const number = /^(\d+(?:\.\d+)?)\s*%?$/.exec(text)?.[1];
  const percent = Number(number);
  if (number === undefined || !(percent > 0) || percent > 100_000)
    throw new UsageError(`"${text}" is no share of a CPU.`, { hint: 'Write 5% or 0.5%; two CPUs are 200%.' });
  return percent;
}

const BYTES = { '': 1, k: 1_024, m: 1_048_576, g: 1_073_741_824 } as const;

/** `512M`, `1G`, or a number of bytes. Throws `UsageError`. */
export function parseBytes(text: string): number {
  const { number, unit = '' } = /^(?<number>\d+(?:\.\d+)?)(?<unit>[kKmMgG])?(?:i?[bB])?$/.exec(text)?.groups ?? {};
  const bytes = Math.floor(Number(number) * BYTES[unit.toLowerCase() as keyof typeof BYTES]);
  if (!(bytes >= 4_096 && Number.isSafeInteger(bytes)))
    throw new UsageError(`"${text}" is no size of 4k or more.`, { hint: 'Write 512M or 2G.' });
  return bytes;
}

/** The shells whose completion drover can write. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

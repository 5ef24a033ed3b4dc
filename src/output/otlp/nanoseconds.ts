const MILLION = 1_000_000n;

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

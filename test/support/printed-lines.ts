import { syscallNumber } from '../../src/trace/syscall-numbers.ts';

/** The first line of `calls.bt`: its clock showed 2026-11-20 02:13:20 UTC at 1 s of the monotonic clock. */
export const START = 'event=start program=calls version=1 machine=x86-64 ts=1000000000 clock=1795140800.000000';

export interface Printed {
  readonly tid: number;
  readonly pid?: number;
  readonly call: string;
  /** Microseconds since the start. */
  readonly at: number;
  /** Microseconds. */
  readonly took?: number;
  readonly ret?: number;
  readonly args?: readonly number[];
  readonly data?: string;
}

/** A line as `calls.bt` prints it. */
export function printed({ tid, pid = tid, call, at, took = 3, ret = 0, args = [], data = '' }: Printed): string {
  const raw = [0, 1, 2, 3].map((i) => BigInt.asUintN(64, BigInt(args[i] ?? 0)).toString(16)).join(',');
  const number = syscallNumber('x86-64', call);
  return `ts=${1_000_000_000 + at * 1_000} dur=${took * 1_000} pid=${pid} tid=${tid} nr=${number} ret=${ret} a=${raw} data=${data}`;
}

/** Little-endian bytes as `%r` prints them. */
export function bytes(...values: readonly (readonly [value: number, size: number])[]): string {
  let text = '';
  for (const [value, size] of values)
    for (let i = 0; i < size; i++) text += `\\x${((value / 2 ** (8 * i)) & 0xff).toString(16).padStart(2, '0')}`;
  return text;
}

/** The same lines as `bpftrace -f json` prints them. */
export function asJson(lines: readonly string[]): string {
  return lines.map((line) => `${JSON.stringify({ type: 'printf', data: `${line}\n` })}\n`).join('');
}

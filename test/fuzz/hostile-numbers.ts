import type { Random } from './random.ts';

/** Numbers that a trace may claim wherever it prints one. */
const NUMBERS: readonly string[] = [
  '-1',
  '0',
  '-0',
  '1',
  '-7',
  '0.5',
  '1e-13',
  '0.0000000000001',
  '-0.000001',
  '1e300',
  '1e999',
  '9007199254740993',
  '18446744073709551615',
  '-9223372036854775808',
  '99999999999999999999999',
  '2147483648',
  '4294967295',
  '4194305',
  '70000000',
  '1048576',
  '65536',
  'NaN',
  'Infinity',
  '0x7fffffffffffffff',
  '?',
  '',
  '00000000017',
];

/** Seconds by which a clock may be set, forth or back. */
const STEPS: readonly number[] = [0.0006, 1, 59, 3_600, 43_201, 86_400, 345_600, 31_536_000, 1e9, 3e11, 1e15];

export function hostileNumber(random: Random): string {
  return random.pick(NUMBERS);
}

export function clockStep(random: Random): number {
  return random.pick(STEPS) * (random.oneIn(2) ? -1 : 1);
}

const STAMP = /\b\d{9,10}\.\d{6,9}\b/;
const TIME_OF_DAY = /\b(\d\d):(\d\d):(\d\d)(?=\.\d|\s)/;
const KERNEL_STAMP = /\bts=(\d+)/;
const PERF_STAMP = /^\s*\d+\.\d{3} (?=\()/;

/** The line as a clock that was set by so many seconds would have stamped it. */
export function moved(line: string, seconds: number): string {
  if (KERNEL_STAMP.test(line))
    return line.replace(KERNEL_STAMP, (_, stamp: string) => `ts=${plain(Number(stamp) + seconds * 1e9)}`);
  if (STAMP.test(line)) return line.replace(STAMP, (stamp) => fixed(Number(stamp) + seconds, 6));
  if (PERF_STAMP.test(line)) return line.replace(PERF_STAMP, (stamp) => `${fixed(Number(stamp) + seconds * 1000, 3)} `);
  return line.replace(TIME_OF_DAY, (_, hours: string, minutes: string, rest: string) => {
    const time =
      (((Number(hours) * 3_600 + Number(minutes) * 60 + Number(rest) + Math.round(seconds)) % 86_400) + 86_400) %
      86_400;
    const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
    return `${two(time / 3_600)}:${two((time / 60) % 60)}:${two(time % 60)}`;
  });
}

function plain(value: number): string {
  return Math.abs(value) < 1e21 ? value.toFixed(0) : '1e21';
}

function fixed(value: number, digits: number): string {
  return Math.abs(value) < 1e21 ? value.toFixed(digits) : '1e21';
}

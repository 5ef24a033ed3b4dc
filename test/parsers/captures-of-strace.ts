import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { straceFormat } from '../../parsers/strace/format.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));
const HEAD = 65_536;

export interface Capture {
  readonly name: string;
  readonly bytes: Buffer;
}

/** The captures of the samples that strace wrote, unpacked. */
export function straceSamples(): Capture[] {
  return readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((name) => /trace\.\w+\.gz$/.test(name))
    .sort()
    .map((name) => ({ name, bytes: gunzipSync(readFileSync(join(SAMPLES, name))) }))
    .filter(({ bytes }) => straceFormat.sniff(bytes.subarray(0, HEAD)) > 0.5);
}

/** The lines of `-f -ttt -o FILE` as other options would have written them. */
export const LAYOUTS: Readonly<Record<string, (lines: string) => string>> = {
  'as they are': (lines) => lines,
  'with the pid in brackets': (lines) => lines.replace(/^(\d+) +/gm, '[pid $1] '),
  'with the time of day': (lines) => lines.replace(/^(\d+ +)(\d{10})(?=\.\d{6} )/gm, (_, pid, at) => pid + clock(at)),
  'with both': (lines) =>
    lines.replace(/^(\d+) +(\d{10})(?=\.\d{6} )/gm, (_, pid: string, at: string) => `[pid ${pid}] ${clock(at)}`),
  'without descriptors': (lines) => lines.replace(/(\(\d+)<[^<>]*>/g, '$1'),
  'without durations': (lines) => lines.replace(/ <\d+\.\d{6}>$/gm, ''),
};

/** The lines of the thread that has most, without its number, as `-ff` writes them. */
export function busiestThread(lines: string): { readonly tid: number; readonly text: string } {
  const counts = new Map<string, number>();
  for (const [, tid = ''] of lines.matchAll(/^(\d+) /gm)) counts.set(tid, (counts.get(tid) ?? 0) + 1);
  const [tid = '0'] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  const own = lines.split('\n').filter((line) => line.startsWith(`${tid} `));
  return { tid: Number(tid), text: own.map((line) => `${line.slice(tid.length).trimStart()}\n`).join('') };
}

function clock(seconds: string): string {
  return new Date(Number(seconds) * 1_000).toISOString().slice(11, 19);
}

import { join } from 'node:path';
import { type CodeFrame, codeFrame, MOST_FRAMES, tellingFrame } from '../../../trace/code-frame.ts';
import { innerNumber, readOrEmpty, readProcess } from '../process-facts.ts';
import { readPerfMap, readStrangersFile } from './perf-map.ts';
import type { Sampler, ThreadStack } from './sampler.ts';

const LOOK_MS = 300;
const MOST_STACKS = 100;
/** A row of /proc/PID/maps of code that stands in a file. */
const MAPPED = /^([0-9a-f]+)-([0-9a-f]+) ..x. \S+ \S+ \d+ +(\/.+)$/;

/** What of a process says where an address of it lies. */
interface ProcessTexts {
  readonly maps: string;
  /** '' where it writes none. */
  readonly perfMap: string;
}

/**
 * bpftrace takes stacks of a thread that computes, and stops nobody. It names no symbols: for a large program that took
 * it 25 s of processor time. Names come from the perf map of the process, else there are those of its libraries.
 */
export function cpuStacks(program: string, textsOf: (pid: number) => ProcessTexts = readTexts): Sampler {
  return {
    name: 'bpftrace',
    stops: false,
    environment: { BPFTRACE_NO_USER_SYMBOLS: '1' },
    command: (_, tid) => [
      program,
      '-e',
      `profile:hz:99 /tid == ${tid}/ { @[ustack(perf, ${MOST_FRAMES})] = count(); } interval:ms:${LOOK_MS} { exit(); }`,
    ],
    read: (printed, pid, tid) => readStacks(printed, textsOf(pid), tid),
  };
}

/** The stack that was seen most often with the code that was seen most often in it. */
function readStacks(printed: string, { maps, perfMap }: ProcessTexts, tid: number): readonly ThreadStack[] {
  const stacks = [...printed.matchAll(/^@\[\n((?:\s+[0-9a-f]{1,16} .*\n)+)\]: (\d{1,9})$/gm)].slice(-MOST_STACKS);
  const libraries = maps.split('\n').flatMap((line) => {
    const [, start, end, file] = MAPPED.exec(line) ?? [];
    return start === undefined || end === undefined || file === undefined
      ? []
      : [{ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), file }];
  });
  const addresses = stacks.map(([, rows = '']) =>
    [...rows.matchAll(/^\s+([0-9a-f]{1,16}) /gm)].map(([, word = '0']) => BigInt(`0x${word}`)),
  );
  const made = [...new Set(addresses.flat())];
  const known = new Map(readPerfMap(perfMap, made).map((frame, index) => [made[index], frame]));
  const frameAt = (address: bigint): CodeFrame => {
    const library = libraries.find(({ start, end }) => address >= start && address < end);
    return known.get(address) ?? codeFrame('', library?.file ?? '', 0);
  };
  const counts = new Map<string, number>();
  const told = stacks.map(([, , count], index) => {
    const frames = (addresses[index] ?? []).map(frameAt);
    const key = JSON.stringify(tellingFrame(frames));
    counts.set(key, (counts.get(key) ?? 0) + Number(count));
    return { frames, key, count: Number(count) };
  });
  const [best] = told.toSorted((a, b) => (counts.get(b.key) ?? 0) - (counts.get(a.key) ?? 0) || b.count - a.count);
  return best === undefined || best.key === 'null' ? [] : [{ tid, isMain: false, frames: best.frames }];
}

function readTexts(pid: number): ProcessTexts {
  const status = readOrEmpty(`/proc/${pid}/status`);
  const userId = readProcess(pid)?.userId ?? -1;
  return {
    maps: readOrEmpty(`/proc/${pid}/maps`),
    perfMap: readStrangersFile(join('/proc', `${pid}`, 'root', 'tmp', `perf-${innerNumber(status)}.map`), userId),
  };
}

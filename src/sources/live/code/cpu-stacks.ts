import { join } from 'node:path';
import { type CodeFrame, codeFrame, isOfRuntime, MOST_FRAMES, tellingFrame } from '../../../trace/code-frame.ts';
import { innerNumber, readOrEmpty, readProcess } from '../process-facts.ts';
import { functionsAt } from './elf-symbols.ts';
import { readPerfMap, readStrangersFile } from './perf-map.ts';
import type { Sampler, ThreadStack } from './sampler.ts';

const LOOK_MS = 300;
const MOST_STACKS = 100;
/** A row of /proc/PID/maps of code that stands in a file. */
const MAPPED = /^([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ \d+ +(\/.+)$/;

/** What of a process says where an address of it lies. */
interface ProcessTexts {
  readonly maps: string;
  /** '' where it writes none. */
  readonly perfMap: string;
  /** Names of functions at these bytes of the file that is mapped there, as the folder of mappings names the place. */
  readonly functionsAt: (mapping: string, file: string, places: readonly bigint[]) => ReadonlyMap<bigint, string>;
}

/**
 * bpftrace takes stacks of a thread that computes, and stops nobody. It names no symbols: for a large program that took
 * it 25 s of processor time. Names come from the perf map of the process, and from the files that it runs.
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
function readStacks(printed: string, texts: ProcessTexts, tid: number): readonly ThreadStack[] {
  const stacks = [...printed.matchAll(/^@\[\n((?:\s+[0-9a-f]{1,16} .*\n)+)\]: (\d{1,9})$/gm)].slice(-MOST_STACKS);
  const addresses = stacks.map(([, rows = '']) =>
    [...rows.matchAll(/^\s+([0-9a-f]{1,16}) /gm)].map(([, word = '0']) => BigInt(`0x${word}`)),
  );
  const made = [...new Set(addresses.flat())];
  const known = new Map(readPerfMap(texts.perfMap, made).map((frame, index) => [made[index], frame]));
  const mapped = mappedAt(texts, made);
  const frameAt = (address: bigint): CodeFrame => known.get(address) ?? mapped.get(address) ?? codeFrame('', '', 0);
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

/** The files that lie at these addresses, and what they call the function there. */
function mappedAt({ maps, functionsAt: named }: ProcessTexts, addresses: readonly bigint[]): Map<bigint, CodeFrame> {
  const frames = new Map<bigint, CodeFrame>();
  for (const line of maps.split('\n')) {
    const [, start = '', end = '', offset = '', file = ''] = MAPPED.exec(line) ?? [];
    if (start === '') continue;
    const first = BigInt(`0x${start}`);
    const last = BigInt(`0x${end}`);
    const own = addresses.filter((address) => address >= first && address < last);
    const placeOf = (address: bigint): bigint => address - first + BigInt(`0x${offset}`);
    // An interpreter is large, and what its functions are called says nothing of the program that it runs.
    const isAsked = own.length > 0 && !isOfRuntime(file.replace(/ \(deleted\)$/, ''));
    const names = isAsked ? named(`${first.toString(16)}-${last.toString(16)}`, file, own.map(placeOf)) : NO_NAMES;
    for (const address of own) frames.set(address, codeFrame(names.get(placeOf(address)) ?? '', file, 0));
  }
  return frames;
}

const NO_NAMES: ReadonlyMap<bigint, string> = new Map();

function readTexts(pid: number): ProcessTexts {
  const status = readOrEmpty(`/proc/${pid}/status`);
  const userId = readProcess(pid)?.userId ?? -1;
  return {
    maps: readOrEmpty(`/proc/${pid}/maps`),
    functionsAt: (mapping, file, places) => {
      // The file itself, also where it was replaced or lies in a container; on old kernels only root has that.
      const own = functionsAt(`/proc/${pid}/map_files/${mapping}`, places);
      return own.size > 0 ? own : functionsAt(`/proc/${pid}/root${file}`, places);
    },
    perfMap: readStrangersFile(join('/proc', `${pid}`, 'root', 'tmp', `perf-${innerNumber(status)}.map`), userId),
  };
}

import { type CodeFrame, codeFrame, MOST_FRAMES } from '../../../trace/code-frame.ts';
import type { Sampler, ThreadStack } from './sampler.ts';

const MOST_THREADS = 256;

/** `eu-stack` of elfutils: stops the process for some milliseconds a thread. */
export function euStack(program: string): Sampler {
  return {
    name: 'eu-stack',
    stops: true,
    command: (pid) => [program, '-m', '-n', String(MOST_FRAMES), '-p', String(pid)],
    read: (printed, pid) =>
      readThreads(printed, pid, /^TID (\d{1,10}):$/, /^#\d+ +0x[0-9a-f]+(?: +- 1)? ?(.*)$/, euFrame),
  };
}

/** gdb stops the process while it loads symbols, a second or more. It runs no script of its, and asks no server. */
export function gdb(program: string): Sampler {
  const settings = ['set auto-load off', 'set debuginfod enabled off', 'set print frame-arguments none'];
  return {
    name: 'gdb',
    stops: true,
    command: (pid) => [
      program,
      '-nx',
      '-batch',
      ...settings.flatMap((setting) => ['-iex', setting]),
      '-p',
      String(pid),
      '-ex',
      `thread apply all bt ${MOST_FRAMES}`,
    ],
    read: (printed, pid) =>
      readThreads(printed, pid, /^Thread \d+ \(.*\bLWP (\d{1,10})\).*:$/, /^#\d+ +(?:0x[0-9a-f]+ in )?(.*)$/, gdbFrame),
  };
}

function readThreads(
  printed: string,
  pid: number,
  head: RegExp,
  row: RegExp,
  frameOf: (text: string) => CodeFrame,
): readonly ThreadStack[] {
  const threads: { readonly tid: number; readonly isMain: boolean; readonly frames: CodeFrame[] }[] = [];
  for (const line of printed.split('\n')) {
    const tid = Number(head.exec(line)?.[1] ?? 0);
    if (tid > 0 && threads.length < MOST_THREADS) threads.push({ tid, isMain: tid === pid, frames: [] });
    const told = row.exec(line)?.[1];
    const frames = threads.at(-1)?.frames;
    if (told !== undefined && frames !== undefined && frames.length < MOST_FRAMES) frames.push(frameOf(told));
  }
  return threads.filter(({ frames }) => frames.length > 0);
}

/** `clock_nanosleep@@GLIBC_2.17 - /usr/lib/x86_64-linux-gnu/libc.so.6`. */
function euFrame(text: string): CodeFrame {
  const at = text.lastIndexOf('- /');
  const name = (at < 0 ? text : text.slice(0, at)).trim();
  return codeFrame(withoutArguments(name), at < 0 ? '' : text.slice(at + 2), 0);
}

/** `uv_run (loop=..., mode=...) at ../deps/uv/src/unix/core.c:384`, `f () from /usr/lib/libx.so`. */
function gdbFrame(text: string): CodeFrame {
  const [, file, line] = /\) at (.+):(\d+)$/.exec(text) ?? [];
  const library = /\) from (\/.+)$/.exec(text)?.[1];
  const name = withoutArguments(text.replace(/ \(.*$/, ''));
  if (library !== undefined) return codeFrame(name, library, 0);
  return codeFrame(name === '??' ? '' : name, file ?? '', Number(line ?? 0));
}

/** `operator()` aside, brackets hold types and values; `@@GLIBC_2.17` is a version. */
function withoutArguments(name: string): string {
  return name.replace(/@@?[\w.]+$/, '').replace(/\((?!anonymous namespace\)).*$/, '');
}

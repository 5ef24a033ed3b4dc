import { type CodeFrame, codeFrame, MOST_FRAMES } from '../../../trace/code-frame.ts';
import type { Sampler, ThreadStack } from './sampler.ts';

const MOST_THREADS = 256;

/** py-spy reads the memory of a CPython process from outside. With `--nonblocking` it stops nobody. */
export function pySpy(program: string): Sampler {
  return {
    name: 'py-spy',
    stops: false,
    command: (pid) => [program, 'dump', '--json', '--nonblocking', '--pid', String(pid)],
    read: readPySpy,
  };
}

/** Reads `py-spy dump --json` of 0.3 and 0.4. */
export function readPySpy(printed: string): readonly ThreadStack[] {
  const threads = parsed(printed);
  if (!Array.isArray(threads)) return [];
  return threads.slice(0, MOST_THREADS).flatMap((thread: unknown) => {
    if (!isObject(thread) || !Array.isArray(thread.frames)) return [];
    const frames = thread.frames.slice(0, MOST_FRAMES).flatMap((frame: unknown) => frameOf(frame));
    const { os_thread_id: tid, thread_name: name } = thread;
    const isMain = name === 'MainThread' || threads.length === 1;
    return frames.length === 0 ? [] : [{ tid: typeof tid === 'number' && tid > 0 ? tid : 0, isMain, frames }];
  });
}

function frameOf(frame: unknown): CodeFrame[] {
  if (!isObject(frame)) return [];
  const { name, filename, line } = frame;
  if (typeof name !== 'string' || typeof filename !== 'string') return [];
  return [codeFrame(name, filename, typeof line === 'number' ? line : 0)];
}

function parsed(printed: string): unknown {
  const start = printed.indexOf('[');
  if (start < 0) return null;
  try {
    return JSON.parse(printed.slice(start));
  } catch {
    // Cut off, or a message of another version.
    return null;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

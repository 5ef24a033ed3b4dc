import { fork, openListener } from './server-lines.ts';
import { LISTENER, type ThreadLines } from './thread-lines.ts';
import { TraceLines } from './trace-lines.ts';

/** Opens so many modules of the folder, half a millisecond apart. */
export function openModules(thread: ThreadLines, count: number, folder = '/srv/shop'): ThreadLines {
  for (let index = 0; index < count; index++)
    openFile(thread, `${folder}/__pycache__/m${index}.cpython-311.pyc`).gap(0.48);
  return thread;
}

export function openFile(thread: ThreadLines, path: string): ThreadLines {
  return thread.call(`openat(AT_FDCWD</srv>, "${path}", O_RDONLY|O_CLOEXEC`, ')', `9<${path}>`);
}

export function mapMemory(
  thread: ThreadLines,
  address: number,
  bytes: number,
  protection = 'PROT_READ|PROT_WRITE',
  flags = '',
): ThreadLines {
  return thread.call(`mmap(NULL, ${bytes}, ${protection}, MAP_PRIVATE|MAP_ANONYMOUS${flags}, -1, 0`, ')', hex(address));
}

export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}

/** A parent with a listener, and what it runs before its workers. */
export function parentOf(argv: readonly string[] = ['gunicorn', '-w', '2', 'app:app']): {
  readonly trace: TraceLines;
  readonly parent: ThreadLines;
} {
  const trace = new TraceLines();
  const parent = trace.thread(100).at(0);
  parent.call(
    `execve("/usr/bin/${argv[0]}", [${argv.map((word) => `"${word}"`).join(', ')}], 0x7ffd2af5eab8 /* 9 vars */`,
    ')',
    0,
  );
  openListener(parent, LISTENER);
  return { trace, parent };
}

/**
 * Forks a worker that does something until it is ready: a hundred milliseconds after its fork, unless that takes
 * longer.
 */
export function startWorker(
  trace: TraceLines,
  parent: ThreadLines,
  pid: number,
  loads: (worker: ThreadLines) => void,
): ThreadLines {
  fork(parent, pid);
  const begin = parent.now;
  const worker = trace.thread(pid).at(begin + 1);
  loads(worker);
  worker.at(Math.max(worker.now, begin + 100)).acceptNothing();
  return worker;
}

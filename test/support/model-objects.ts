import { OpenDescriptors } from '../../src/model/machine/open-descriptors.ts';
import { Process } from '../../src/model/machine/process.ts';
import { Thread } from '../../src/model/machine/thread.ts';
import { NO_ARGUMENTS } from '../../src/trace/call-arguments.ts';
import type { Call, Lane } from '../../src/trace/record.ts';
import { syscall } from '../../src/trace/syscalls.ts';

/** A lane of the trace without any line. */
export function lane(index: number, tid: number): Lane {
  return { index, tid, comm: '', lastLine: null, pending: null };
}

/** A thread of a process of its own. */
export function threadOf(tid: number): Thread {
  const own = lane(tid, tid);
  return new Thread(own, new Process(own, new OpenDescriptors(() => [])));
}

/** A call that returned, from `start` to `end` in nanoseconds, on nothing. */
export function callOf(name: string, start: number, end: number, parts: Partial<Call> = {}): Call {
  return {
    kind: 'call',
    lane: lane(0, 101),
    syscall: syscall(name),
    start,
    end,
    duration: end - start,
    result: 0,
    error: '',
    fd: -1,
    inFlight: false,
    injected: false,
    partial: false,
    arguments: NO_ARGUMENTS,
    file: 'trace',
    line: 1,
    startLine: 1,
    text: `${name}()`,
    startText: `${name}()`,
    previousLine: 0,
    previousText: '',
    previousArguments: () => NO_ARGUMENTS,
    ...parts,
  };
}

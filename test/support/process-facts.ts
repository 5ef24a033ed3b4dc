import type { HostFacts } from '../../src/sources/live/host-facts.ts';
import type { ProcessFacts } from '../../src/sources/live/process-facts.ts';

/** A sleeping gunicorn process of user 33 whom nobody traces. */
export function processFacts(parts: Partial<ProcessFacts> & { readonly pid: number }): ProcessFacts {
  return {
    parent: 1,
    session: 7,
    name: 'gunicorn',
    state: 'S',
    startTicks: 7_000 + parts.pid,
    isKernelThread: false,
    userId: 33,
    tracer: 0,
    program: '/usr/bin/python3',
    argv: ['/usr/bin/python3', '/usr/bin/gunicorn', 'app'],
    stackStart: '0',
    ...parts,
  };
}

/** A host of user 1000 on which everything is there and nothing is forbidden. */
export function hostFacts(parts: Partial<HostFacts> = {}): HostFacts {
  return {
    userId: 1_000,
    mayTraceOthers: false,
    mayLoadPrograms: true,
    yama: 0,
    inContainer: false,
    hasHostPids: true,
    hasOwnProc: true,
    programs: new Set(['strace', 'setpriv', 'timeout', 'prlimit', 'bpftrace']),
    samplers: new Map([['py-spy', '/usr/bin/py-spy']]),
    tracing: '/sys/kernel/tracing',
    architecture: 'x64',
    lockdown: 'none',
    ...parts,
  };
}

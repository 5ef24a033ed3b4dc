import assert from 'node:assert/strict';
import test from 'node:test';
import {
  afterRefusal,
  assertChecks,
  bpftraceChecks,
  type Check,
  codeChecks,
  costChecks,
  type ProcessNames,
  processCheck,
  straceChecks,
} from '../../../src/sources/live/checks.ts';
import { hasHostPids, isFiltered } from '../../../src/sources/live/host-facts.ts';
import { hostFacts, processFacts } from '../../support/process-facts.ts';

const NAMES: ProcessNames = {
  nameOf: (pid) => (pid === 7_710 ? 'strace' : ''),
  userName: (userId) => (userId === 33 ? 'www-data' : String(userId)),
  servers: ['gunicorn now runs as 4190 4191'],
};

/** The first thing that is missing, with its fix. */
function problem(checks: readonly Check[]): string {
  const found = checks.find(({ level }) => level === 'missing');
  return found === undefined ? 'none' : `${found.text} ${found.fix}`;
}

const OWN = { userId: 1_000 };

test('on a host where everything is there both engines may start', () => {
  assert.equal(problem(straceChecks(hostFacts())), 'none');
  assert.equal(problem(bpftraceChecks(hostFacts({ userId: 0 }))), 'none');
  assert.equal(processCheck(17, processFacts({ pid: 17, ...OWN }), hostFacts(), NAMES).level, 'ok');
});

test('a program that is missing is told with its package and with the other engine when that is here', () => {
  const without = (...names: string[]) =>
    hostFacts({ userId: 0, programs: new Set([...hostFacts().programs].filter((name) => !names.includes(name))) });
  assert.equal(
    problem(straceChecks(without('strace'))),
    'strace is not installed. apt install strace. bpftrace is here: --engine bpftrace',
  );
  assert.equal(problem(straceChecks(without('strace', 'bpftrace'))), 'strace is not installed. apt install strace.');
  assert.match(problem(bpftraceChecks(without('bpftrace'))), /apt install bpftrace\. strace is here: --engine strace/);
  assert.match(
    problem(straceChecks(without('setpriv', 'timeout'))),
    /^setpriv and timeout are not installed.* apt install util-linux coreutils$/,
  );
});

test('the line of code needs py-spy, and the right to read the memory of others', () => {
  const root = { userId: 0, mayTraceOthers: true, yama: 2 };
  assert.equal(problem(codeChecks(hostFacts(root))), 'none');
  assert.match(
    problem(codeChecks(hostFacts({ ...root, samplers: new Map() }))),
    /^py-spy, which .* is in no folder .* pip install py-spy/,
  );
  assert.match(problem(codeChecks(hostFacts({ mayTraceOthers: false, yama: 1 }))), /^py-spy may not read .* with sudo/);
  assert.equal(problem(codeChecks(hostFacts({ mayTraceOthers: false, yama: 0 }))), 'none');
});

test('whatever else would show the line of code is told, and what stops a worker is told as such', () => {
  const told = (...names: string[]) =>
    codeChecks(hostFacts({ userId: 0, samplers: new Map(names.map((name) => [name, `/usr/bin/${name}`])) }))
      .map(({ text }) => text)
      .join('; ');
  assert.match(
    told('bpftrace', 'gdb'),
    /bpftrace shows the code of native programs.*\/usr\/bin\/gdb .*--code stopping, which stops/,
  );
  assert.match(told('eu-stack', 'gdb'), /\/usr\/bin\/eu-stack shows the code with --code stopping/);
});

test('each level of Yama has its own way out, and a capability makes the first two harmless', () => {
  const at = (yama: number, mayTraceOthers = false) => problem(straceChecks(hostFacts({ yama, mayTraceOthers })));
  assert.equal(at(0), 'none');
  assert.match(
    at(1),
    /ptrace_scope 1\)\. Run drover with sudo, or for this boot: sysctl kernel\.yama\.ptrace_scope=0$/,
  );
  assert.match(at(2), /^Only root may trace here/);
  assert.match(at(3), /until the next boot/);
  assert.equal(at(1, true), 'none');
  assert.equal(at(2, true), 'none');
  assert.match(at(3, true), /until the next boot/);
});

test('in a container the capability is named instead of sudo', () => {
  const container = hostFacts({ inContainer: true, userId: 0 });
  assert.match(
    problem([processCheck(17, processFacts({ pid: 17 }), container, NAMES)]),
    /^This container lacks CAP_SYS_PTRACE\. Start it with --cap-add SYS_PTRACE/,
  );
  assert.match(problem(straceChecks(hostFacts({ inContainer: true, yama: 1 }))), /--cap-add SYS_PTRACE/);
  const plainUser = hostFacts({ inContainer: true, userId: 1_000 });
  assert.match(problem([processCheck(17, processFacts({ pid: 17 }), plainUser, NAMES)]), /belongs to user www-data/);
});

test('with pids of its own a container has strace alone, and says so before it speaks of packages', () => {
  const container = hostFacts({
    userId: 0,
    hasHostPids: false,
    programs: new Set(['strace', 'setpriv', 'timeout', 'prlimit']),
  });
  assert.equal(problem(straceChecks(container)), 'none');
  assert.match(problem(bpftraceChecks(container)), /^This is a container with pids of its own: .* hostPID: true\)\.$/);
  assert.equal(hasHostPids('pid:[4026531836]'), true);
  assert.equal(hasHostPids('pid:[4026532299]'), false);
});

test('with the /proc of another pid namespace neither engine is started: its pids mean other processes', () => {
  const foreign = hostFacts({ userId: 0, hasOwnProc: false });
  assert.match(problem(straceChecks(foreign)), /^\/proc shows the processes of another pid namespace/);
  assert.match(problem(bpftraceChecks(foreign)), /^\/proc shows the processes of another pid namespace/);
});

test('a process that cannot be traced says which one and why', () => {
  const of = (parts: Parameters<typeof processFacts>[0] | null, host = hostFacts()) =>
    problem([processCheck(17, parts === null ? null : processFacts(parts), host, NAMES)]);
  assert.equal(
    of(null),
    'No process 17. It may have been replaced: gunicorn now runs as 4190 4191. Find it with: ps -eo pid,ppid,user,args',
  );
  assert.equal(
    of({ pid: 17, tracer: 7_710, ...OWN }),
    'Process 17 (gunicorn) is already traced by pid 7710 (strace). Only one tracer can attach. Stop that one first: kill -INT 7710',
  );
  assert.equal(
    of({ pid: 17 }),
    'Process 17 (gunicorn) belongs to user www-data. Run drover as that user, or with sudo.',
  );
  assert.equal(of({ pid: 17 }, hostFacts({ mayTraceOthers: true })), 'none');
  assert.match(of({ pid: 17, state: 'Z' }), /zombie; there is nothing to trace/);
  assert.match(of({ pid: 17, isKernelThread: true, name: 'kswapd0' }), /17 \(kswapd0\) is a thread of the kernel/);
});

test('bpftrace wants root, the tracing files, and a kernel that lets it', () => {
  const root = { userId: 0 };
  assert.match(problem(bpftraceChecks(hostFacts())), /^bpftrace needs root\. Run drover with sudo/);
  assert.match(
    problem(bpftraceChecks(hostFacts({ ...root, tracing: '' }))),
    /not mounted\. mount -t tracefs nodev \/sys\/kernel\/tracing$/,
  );
  assert.match(problem(bpftraceChecks(hostFacts({ ...root, lockdown: 'confidentiality' }))), /lockdown/);
  assert.equal(problem(bpftraceChecks(hostFacts({ ...root, lockdown: 'integrity' }))), 'none');
  assert.match(
    problem(bpftraceChecks(hostFacts({ ...root, architecture: 'mips' }))),
    /numbers of system calls on mips/,
  );
});

test('the first problem is thrown with its fix as the hint', () => {
  assert.throws(() => assertChecks(straceChecks(hostFacts({ yama: 2 }))), {
    name: 'AttachError',
    message: /Only root/,
    hint: 'Run drover with sudo.',
  });
  assertChecks(straceChecks(hostFacts()));
});

test('what an old bpftrace costs is said, and hinders nobody', () => {
  const [check] = costChecks(17);
  assert.equal(check?.level, 'ok');
  assert.match(check?.text ?? '', /^bpftrace 0\.17 works, at a price: /);
  for (const version of [18, 27, null]) assert.deepEqual(costChecks(version), []);
});

test('root of a container that may load no BPF programs is told so, before anything is started', () => {
  const root = { userId: 0, mayLoadPrograms: false };
  assert.match(problem(bpftraceChecks(hostFacts(root))), /^This root may not load BPF programs: .* --privileged/);
  assert.equal(problem(straceChecks(hostFacts({ ...root, mayTraceOthers: true }))), 'none');
});

test('a tracer that is refused where all checks hold may have met a filter of system calls, where there is one', () => {
  assert.equal(afterRefusal('Ask the doctor.', false), 'Ask the doctor.');
  assert.match(afterRefusal('Ask the doctor.', true), /^A seccomp filter is on drover .* seccomp=unconfined\.$/);
  assert.equal(isFiltered('NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n'), true);
  assert.equal(isFiltered('NoNewPrivs:\t0\nSeccomp:\t0\nSeccomp_filters:\t2\n'), false);
});

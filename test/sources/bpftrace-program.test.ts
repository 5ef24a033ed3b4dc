import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { bpftraceProgram, PROGRAM_NAMES } from '../../src/sources/bpftrace/program.ts';

for (const name of PROGRAM_NAMES) {
  test(`${name}.bt is complete for both machines`, () => {
    for (const machine of ['x86-64', 'arm64'] as const) {
      const text = bpftraceProgram(name, { pids: [4711, 4713], machine });
      assert.doesNotMatch(text, /DROVER:/);
      assert.match(text, /@pid\[\(uint64\)4711\] = 1; @pid\[\(uint64\)4713\] = 1;/);
      // Newer bpftrace reads args->x and args.x, older ones only the first.
      assert.doesNotMatch(text, /args\.\w/);
    }
  });

  test(`${name}.bt keeps to what bpftrace 0.14 understands`, () => {
    const text = readFileSync(new URL(`../../../src/sources/bpftrace/${name}.bt`, import.meta.url), 'utf8').replace(
      /\/\/.*/g,
      '',
    );
    assert.doesNotMatch(
      text,
      /\bfn \b|\blet \b|\bconfig *=|\bimport\b|\bfor *\(|\bstrcontains\b|\bhas_key\b|\bmacro\b|curtask|fentry|kfunc/,
    );
  });
}

test('numbers of calls are those of the machine', () => {
  assert.match(bpftraceProgram('calls', { pids: [1], machine: 'x86-64' }), /@how\[288\] = 6; \/\/ accept4\n/);
  const arm = bpftraceProgram('calls', { pids: [1], machine: 'arm64' });
  assert.match(arm, /@how\[242\] = 6; \/\/ accept4\n/);
  assert.doesNotMatch(arm, /\/\/ (?:poll|select|epoll_wait|open)\n/);
});

test('what exact.bt has in common with calls.bt is the same text', () => {
  const lines = (name: 'calls' | 'exact') => bpftraceProgram(name, { pids: [1], machine: 'x86-64' }).split('\n');
  const exact = lines('exact');
  let at = 0;
  for (const line of lines('calls').filter((each) => !/printf|^ +\$in\.0, |^\/\/ calls\.bt/.test(each))) {
    const found = exact.indexOf(line, at);
    assert.ok(found >= 0, line);
    at = found + 1;
  }
});

test('ports are those of the listeners, or all', () => {
  assert.match(
    bpftraceProgram('exact', { pids: [1], machine: 'x86-64', ports: [8000, 8001] }),
    /@port\[\(uint64\)8000\] = 1; @port\[\(uint64\)8001\] = 1;/,
  );
  assert.match(bpftraceProgram('exact', { pids: [1], machine: 'x86-64' }), /@allports = 1;/);
});

import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { bpftraceEngine } from '../../../src/sources/live/bpftrace-engine.ts';
import { KernelWatch } from '../../../src/sources/live/kernel-watch.ts';
import { Onlookers } from '../../../src/sources/live/onlookers.ts';
import type { Spool } from '../../../src/sources/live/spool.ts';
import { FakeProc } from '../../support/fake-proc.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
const SLEEP = '230 0x0 0x0 0x7ffe10 0x7ffe10 0x7f01 0x7f02 0x7ffe00 0x7f03';
const LIMITS = { seconds: 60, bytes: 1_000_000 };

test('a call from before the capture begins with it, however long the program took to compile', async () => {
  const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
  proc.set({ pid: 101, threads: [{ tid: 101, syscall: SLEEP, ran: [5, 3] }] });
  const watch = new KernelWatch({ machine: 'x86-64', root: proc.root });
  watch.look([101]);
  await pause(30);
  const spool = { add: () => 'watch.bt', write: () => undefined, bytes: 0 } as unknown as Spool;
  const engine = bpftraceEngine('watch', [], spool, 'x86-64', LIMITS);
  const onlookers = new Onlookers(engine, join(FOLDER, 'log'), { watch, code: null });
  const began = Number(process.hrtime.bigint());
  onlookers.begin(0, [101]);
  const [, since = '0'] = /^@in\[101\]: \((\d+), 230,/m.exec(onlookers.openLines()) ?? [];
  assert.ok(Number(since) >= began, `${since}, begun ${began}`);
});

test('what tracing costs is measured once more when the tracer is asked to end', async () => {
  const spool = { add: () => 'watch.bt', write: () => undefined, bytes: 0 } as unknown as Spool;
  const engine = bpftraceEngine('watch', [], spool, 'x86-64', LIMITS);
  const onlookers = new Onlookers(engine, join(FOLDER, 'log'), { watch: null, code: null });
  onlookers.begin(process.pid, []);
  await pause(50);
  onlookers.lookLast([]);
  const [, lasted = '0'] = /^event=cost ts=\d+ for=(\d+) /m.exec(onlookers.sightLines()) ?? [];
  assert.ok(Number(lasted) > 45e6, lasted);
});

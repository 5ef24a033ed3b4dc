import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { CostMeter, percentOf } from '../../../src/sources/live/cost-meter.ts';
import { costLine } from '../../../src/sources/live/sight-lines.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
const PID = 4711;
let made = 0;

/** A host on which tracer, drover and the kernel have used so many milliseconds. */
function host({ counts }: { readonly counts: boolean }) {
  const root = join(FOLDER, String(made++));
  for (const path of [`${PID}/fdinfo`, 'sys/kernel']) mkdirSync(join(root, path), { recursive: true });
  const state = { ms: 0, tracer: 0, drover: 0, kernel: 0 };
  const show = (): void => {
    writeFileSync(join(root, 'sys/kernel/bpf_stats_enabled'), counts ? '1\n' : '0\n');
    const ticks = Math.round(state.tracer / 10);
    writeFileSync(join(root, `${PID}/stat`), `${PID} (bp ) ftrace) S 1 1 1 0 -1 0 0 0 0 0 ${ticks - 1} 1 0 0 20 0\n`);
    const half = Math.round((state.kernel * 1e6) / 2);
    const programs = [
      ['5', '17', half],
      ['6', '17', half],
      ['7', '19', half],
    ] as const;
    for (const [name, id, time] of programs)
      writeFileSync(join(root, `${PID}/fdinfo/${name}`), `flags:\t02\nprog_id:\t${id}\nrun_time_ns:\t${time}\n`);
    // A link names its program.
    writeFileSync(join(root, `${PID}/fdinfo/8`), 'link_type:\tperf\nprog_id:\t17\n');
    writeFileSync(join(root, `${PID}/fdinfo/9`), 'flags:\t02\n');
  };
  state.tracer = 1_000;
  show();
  const meter = new CostMeter({
    tracerPid: PID,
    hasPrograms: true,
    root,
    now: () => state.ms * 1e6,
    own: () => state.drover * 1e6,
  });
  const second = (tracer: number, drover: number, kernel: number): void => {
    state.ms += 1_000;
    state.tracer += tracer;
    state.drover += drover;
    state.kernel += kernel;
    show();
    meter.look();
  };
  return { meter, second, root };
}

test('tracer, drover and programs in the kernel are measured from the beginning of tracing on', () => {
  const { meter, second } = host({ counts: true });
  assert.equal(meter.percent, null);
  for (let each = 0; each < 7; each++) second(30, 10, 2);
  assert.deepEqual(meter.total, { lasted: 7e9, tracer: 210e6, drover: 70e6, kernel: 14e6 });
  assert.equal(percentOf(meter.total), 4.2);
});

test('what it costs now is that of the last ten seconds, and unknown before', () => {
  const { meter, second } = host({ counts: true });
  for (let each = 0; each < 9; each++) second(10, 0, 0);
  assert.equal(meter.recentPercent, null);
  for (let each = 0; each < 11; each++) second(10, 0, 0);
  assert.equal(meter.recentPercent, 1);
  for (let each = 0; each < 11; each++) second(70, 0, 0);
  assert.equal(meter.recentPercent, 7);
});

test('where the kernel counts nothing its part is unknown, and the rest is told', () => {
  const { meter, second } = host({ counts: false });
  second(30, 10, 2);
  assert.deepEqual(meter.total, { lasted: 1e9, tracer: 30e6, drover: 10e6, kernel: null });
  const line = costLine(meter.total, { prefix: 'strace: drover: ', stamp: () => '7' });
  assert.equal(line, 'strace: drover: event=cost ts=7 for=1000000000 tracer=30000000 drover=10000000\n');
});

test('a tracer that is gone has the time that was read last', () => {
  const { meter, second, root } = host({ counts: false });
  second(30, 10, 0);
  writeFileSync(join(root, `${PID}/stat`), '');
  meter.look();
  assert.equal(meter.total.tracer, 30e6);
});

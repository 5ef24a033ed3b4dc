import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { runDrover } from '../support/run-drover.ts';
import { sample } from '../support/truth.ts';

const JOB = sample('endless-job').trace;
const HERD = sample('herd-gunicorn-gevent').trace;

/** Seconds of that sample's clock, on the day it was recorded. */
function at(time: string): { readonly kind: 'epoch'; readonly seconds: number; readonly nanoseconds: number } {
  return { kind: 'epoch', seconds: Date.parse(`2026-11-20T${time}Z`) / 1000, nanoseconds: 0 };
}

it('a stall that began before the time that was asked for and went on after it is of the whole capture', async () => {
  const { findings, captured, outcomes } = await analyzeFiles([JOB], { from: at('18:32:24'), to: at('18:32:26') });
  const [first] = findings;
  assert.equal(first?.kind, 'loop-stall');
  assert.match(first?.summary ?? '', /This is of the whole capture: it overlaps the time that was asked for\.$/);
  assert.equal(outcomes['loop-stall']?.status, 'found');
  assert.ok((captured?.durationMs ?? 0) > 2_000);
});

it('what happened at another time is not told', async () => {
  const whole = await analyzeFiles([sample('distracted-worker').trace]);
  assert.ok(whole.findings.some(({ kind }) => kind === 'loop-stall'));
  const before = await analyzeFiles([sample('distracted-worker').trace], { to: at('18:29:04') });
  assert.deepEqual(
    before.findings.filter(({ severity }) => severity !== 'info').map(({ title }) => title),
    [],
  );
});

it('where nothing of the trace lies in that time its own time is told, and the exit code is 2', async () => {
  const { code, stderr, stdout } = await runDrover([HERD, '--from', '18:30:30']);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(
    stderr,
    /Nothing of the trace lies between --from and --to\.\n {2}It holds 2026-11-20 18:28:03\.\d+ UTC to /,
  );
});

it('an unknown pid is answered with those that there are, and exit code 2', async () => {
  const { code, stderr } = await runDrover([HERD, '--pid', '999']);
  assert.equal(code, 2);
  assert.match(stderr, /No process 999 in this trace\.\n {2}It holds 3869, 3875, /);
  assert.equal((await runDrover([HERD, '--pid', '3875', '-q'])).code, 0);
});

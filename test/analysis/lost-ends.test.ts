import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed } from '../support/analyzed.ts';

const reportOn = (lines: readonly string[]): Promise<Report> => analyzed(`${lines.join('\n')}\n`);

/** A thread that comes back from its calls, and is in a lock at the end; the other one works. */
const WHOLE = [
  '[pid  4101] futex(0x55d0c8, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>',
  '[pid  4102] lstat("/srv/a", {st_mode=S_IFREG|0644, st_size=10, ...}) = 0 <0.220100>',
  '[pid  4101] <... futex resumed> ) = 0 <0.100000>',
  '[pid  4101] futex(0x55d0c8, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>',
  '[pid  4102] lstat("/srv/b", {st_mode=S_IFREG|0644, st_size=10, ...}) = 0 <0.330100>',
  '[pid  4101] <... futex resumed> ) = 0 <0.009000>',
  '[pid  4101] futex(0x55d0c8, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>',
  '[pid  4101] <... futex resumed> ) = 0 <0.008000>',
  '[pid  4101] futex(0x55d0c8, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>',
  '[pid  4102] lstat("/srv/c", {st_mode=S_IFREG|0644, st_size=10, ...}) = 0 <0.440100>',
];

describe('ends of calls that were removed', () => {
  it('make nobody stuck: what grep left of a capture may lack the end of the last call, too', async () => {
    const left = WHOLE.filter((line) => !line.includes('<0.0'));
    const { quality, findings, verdict } = await reportOn(left);
    assert.match(quality.notes.join(' '), /Lines are missing/);
    assert.equal(verdict.confidence, 'cannot-tell');
    assert.deepEqual(
      findings.map(({ kind, severity, confidence }) => [kind, severity, confidence]),
      [['stuck-call', 'info', 'possible']],
    );
    assert.match(findings[0]?.summary ?? '', /a call that ended this may be among them\.$/);
  });

  it('are missed by nobody in the whole capture, whose last call is stuck', async () => {
    const { quality, findings } = await reportOn(WHOLE);
    assert.doesNotMatch(quality.notes.join(' '), /Lines are missing/);
    assert.deepEqual(
      findings.map(({ kind, severity }) => [kind, severity]),
      [['stuck-call', 'warning']],
    );
  });
});

describe('a call that returns at once', () => {
  it('is nowhere to be stuck in, also where its line has no result and nothing else is in the capture', async () => {
    for (const name of ['rt_sigreturn', 'getpid']) {
      const { findings } = await reportOn([
        '--- SIGSEGV {si_signo=SIGSEGV, si_code=SI_KERNEL, si_addr=0} ---',
        `${name}(`,
      ]);
      assert.deepEqual(
        findings.filter(({ kind }) => kind === 'stuck-call').map(({ title }) => title),
        [],
        name,
      );
    }
  });

  it('is none of those that wait for a disk or for memory', async () => {
    const { findings } = await reportOn(['madvise(0x7f0000000000, 4096, MADV_DONTNEED']);
    assert.deepEqual(
      findings.map(({ kind }) => kind),
      ['stuck-call'],
    );
  });
});

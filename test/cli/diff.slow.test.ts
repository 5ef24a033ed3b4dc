import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Comparison } from '../../src/comparison/comparison.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sample } from '../support/truth.ts';

const SICK = sample('gil-starvation').trace;
const WELL = sample('gil-starvation/healthy').trace;

async function saved(trace: string, name: string): Promise<string> {
  const path = join(temporaryFolder(), name);
  const { code, stderr } = await runDrover([trace, '--json', '-o', path]);
  assert.equal(code, 0, stderr);
  return path;
}

async function compared(...words: readonly string[]): Promise<Comparison> {
  const { code, stdout, stderr } = await runDrover(['diff', '--json', ...words]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

describe('drover diff', () => {
  it('says the same of captures and of the reports that were saved of them', async () => {
    const [before, after] = [await saved(SICK, 'before.json'), await saved(WELL, 'after.json')];
    const direct = await compared(SICK, WELL);
    assert.equal(direct.verdict.outcome, 'better');
    assert.deepEqual(await compared(before, after), direct);
    assert.deepEqual(await compared(SICK, after), direct);
    const { stderr } = await runDrover(['diff', before, WELL, '--stall-ms', '50']);
    assert.match(stderr, /A saved report keeps the thresholds that it was made with/);
  });

  it('prints text, one line, or Markdown, and writes where it is told to', async () => {
    const text = await runDrover(['diff', SICK, WELL]);
    assert.match(text.stdout, /^BEFORE {6}.*\n(?:.*\n)*?BETTER {6}Better: /);
    assert.match((await runDrover(['diff', '-q', SICK, WELL])).stdout, /^BETTER {2}Better: [^\n]+\n$/);
    assert.match((await runDrover(['diff', '--md', SICK, WELL])).stdout, /^# drover diff: BETTER\n/);
    const path = join(temporaryFolder(), 'diff.md');
    assert.equal((await runDrover(['diff', '--md', SICK, WELL, '-o', path])).stdout, '');
    assert.equal((await runDrover(['diff', SICK, WELL, '-o', path])).code, 2, 'it replaces nothing');
  });

  it('ends with 1 where a cause that is new or worse is so severe, and with 5 where nobody can tell', async () => {
    const code = async (...words: readonly string[]): Promise<number | null> =>
      (await runDrover(['diff', '-q', ...words])).code;
    assert.equal(await code(WELL, SICK), 0);
    assert.equal(await code(WELL, SICK, '--fail-on', 'warning'), 1);
    assert.equal(await code(SICK, WELL, '--fail-on', 'warning'), 0);
    assert.equal(await code(SICK, SICK, '--fail-on', 'info'), 0);
    const idle = sample('hang-gunicorn-sync/healthy').trace;
    assert.equal(await code(sample('hang-gunicorn-sync').trace, idle, '--strict'), 5);
  });

  it('reads one of the two from standard input', async () => {
    const report = (await runDrover([WELL, '--json'])).stdout;
    const path = join(temporaryFolder(), 'lines.strace');
    writeFileSync(path, '4711 1795197672.075366 close(7) = 0 <0.000011>\n'.repeat(30));
    const { code, stdout } = await runDrover(['diff', '-q', path, '-'], { input: '4711 1795197672.1 close(7) = 0\n' });
    assert.equal(code, 0);
    assert.match(stdout, /^UNKNOWN {2}Cannot tell: /);
    assert.ok(report.length > 0);
  });

  it('answers wrong words in one line with a hint', async () => {
    const broken = join(temporaryFolder(), 'broken.json');
    writeFileSync(broken, '{"schemaVersion": 1, "tool": {"name": "drover", "version": "0.1.0"}, ');
    for (const [words, code, told] of [
      [['diff'], 2, /BEFORE AFTER/],
      [['diff', SICK], 2, /BEFORE AFTER/],
      [['diff', '-', '-'], 2, /one of the two only/],
      [['diff', SICK, 'no-such-file'], 3, /no-such-file/],
      [['diff', SICK, broken], 3, /Cannot read the report .*broken\.json: it ends too early/],
      [['diff', SICK, WELL, '--json', '--md'], 2, /exclude each other/],
      [['diff', SICK, WELL, '--ndjson'], 2, /ndjson/],
    ] as const) {
      const run = await runDrover(words);
      assert.equal(run.code, code, `${words.join(' ')}: ${run.stderr}`);
      assert.match(run.stderr, told);
      assert.equal(run.stdout, '');
      assert.ok(run.stderr.trimEnd().split('\n').length <= 2, run.stderr);
    }
  });
});

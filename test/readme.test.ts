import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { runDrover } from './support/run-drover.ts';

const ROOT = join(import.meta.dirname, '../..');

it('the reports in the README are what its commands print', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const screens = [...readme.matchAll(/^```\n(FILE [\s\S]*?)\n```$/gm)].map(([, screen = '']) => screen);
  const samples = [...readme.matchAll(/drover(?:\.js analyze)? (samples\/\S+)/g)].map(([, sample = '']) => sample);
  assert.equal(screens.length, 2);
  for (const [index, screen] of screens.entries()) {
    const sample = samples[index];
    assert.ok(sample, 'each report in the README has a command');
    const { stdout } = await runDrover(['analyze', sample, '--width', '96'], { directory: ROOT });
    let from = 0;
    for (const line of screen.split('\n')) {
      if (line.trim() === '' || line.trim() === '[...]') continue;
      const at = stdout.indexOf(`${line}\n`, from);
      assert.ok(at >= 0, `not printed: ${line}`);
      from = at + line.length;
    }
  }
});

it('every way to ask that the README shows works', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const asked = [...readme.matchAll(/^drover trace\.strace(?:\.gz)? *([^#\n]*?) *(?:#.*)?$/gm)].map(
    ([, options = '']) => options,
  );
  assert.ok(asked.length >= 5, `${asked.length} examples`);
  // Times and pids are those of the reader's capture: here they stand for ones that the sample has.
  const own = (options: string): string =>
    options.replace('02:13:30', '18:29:05').replace('02:14', '18:29:10').replace('4711', '4870');
  for (const options of asked.map(own)) {
    const { code, stderr } = await runDrover(
      ['samples/distracted-worker/trace.strace.gz', ...options.split(' ').filter(Boolean)],
      {
        directory: ROOT,
      },
    );
    assert.equal(code, options.includes('--fail-on') ? 1 : 0, `drover trace.strace ${options}: ${stderr}`);
  }
});

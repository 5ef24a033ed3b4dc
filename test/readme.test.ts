import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { runDrover } from './support/run-drover.ts';

const ROOT = join(import.meta.dirname, '../..');

it('the screen in the README is what its first command prints', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const screen = /^```\n(FILE [\s\S]*?)\n```$/m.exec(readme)?.[1];
  assert.ok(screen, 'the README has no screen');
  const sample = /drover\.js analyze (\S+)/.exec(readme)?.[1];
  assert.ok(sample, 'the README has no first command');
  const { stdout } = await runDrover(['analyze', sample, '--width', '96'], { directory: ROOT });
  let from = 0;
  for (const line of screen.split('\n')) {
    if (line.trim() === '' || line.trim() === '[...]') continue;
    const at = stdout.indexOf(`${line}\n`, from);
    assert.ok(at >= 0, `not printed: ${line}`);
    from = at + line.length;
  }
});

it('every way to ask that the README shows works', async () => {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const asked = [...readme.matchAll(/^drover trace\.strace(?:\.gz)? *([^#\n]*?) *(?:#.*)?$/gm)].map(
    ([, options = '']) => options,
  );
  assert.ok(asked.length >= 5, `${asked.length} examples`);
  for (const options of asked) {
    const { code, stderr } = await runDrover(
      ['samples/distracted-worker/trace.strace.gz', ...options.split(' ').filter(Boolean)],
      {
        directory: ROOT,
      },
    );
    assert.equal(code, options.includes('--fail-on') ? 1 : 0, `drover trace.strace ${options}: ${stderr}`);
  }
});

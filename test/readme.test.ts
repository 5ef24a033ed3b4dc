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

it('the fields that assistants are told of are in the schema of the report', () => {
  const page = readFileSync(join(ROOT, 'src/ASSISTANTS.md'), 'utf8');
  const schema = readFileSync(join(ROOT, 'src/analysis/report.schema.json'), 'utf8');
  const fields = [
    ...page.matchAll(/`([a-z]+[A-Z]\w*|verdict|quality|grade|notes|findings|outcomes|evidence|metrics|next)`/g),
  ];
  assert.ok(fields.length > 10, `${fields.length}`);
  for (const [, field = ''] of fields) assert.ok(schema.includes(`"${field}"`), field);
});

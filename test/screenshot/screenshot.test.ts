import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { SCREENSHOT, sampleDashboard, screenshot } from './screenshot.ts';

const dashboard = sampleDashboard();
const README = readFileSync(join(import.meta.dirname, '../../../README.md'), 'utf8');

it('the picture in the README is what the dashboard shows (node dist/test/screenshot/screenshot.js)', async () => {
  assert.equal(readFileSync(SCREENSHOT, 'utf8'), await screenshot(await dashboard));
  assert.ok(README.includes('](test/screenshot/triage.svg)'), 'the README shows it');
});

it('the screen in the README is the one that one sees', async () => {
  const { lines } = await dashboard;
  const shown = lines.map((line) => line.trimEnd()).join('\n');
  assert.ok(README.includes(`\`\`\`\n${shown}\n\`\`\``), `the README lacks\n${shown}`);
});

for (const [name, program] of [
  ['page', 'page-picture.js'],
  ['timeline', 'timeline-picture.js'],
])
  it(`the ${name} in the README has a picture (node dist/test/screenshot/${program} takes it anew)`, () => {
    const picture = join(import.meta.dirname, `../../../test/screenshot/${name}.png`);
    assert.deepEqual([...readFileSync(picture).subarray(0, 4)], [0x89, 0x50, 0x4e, 0x47]);
    assert.ok(README.includes(`](test/screenshot/${name}.png)`), 'the README shows it');
  });

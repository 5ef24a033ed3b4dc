import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { samples } from './support/truth.ts';

const PAGE = readFileSync(join(fileURLToPath(new URL('../../samples', import.meta.url)), 'README.md'), 'utf8');

/** The rows of the table with this heading: first cell, and the names in backquotes of the second. */
function rows(heading: string): (readonly [string, string[]])[] {
  const table = PAGE.split(`| ${heading} |`)[1]?.split('\n\n')[0] ?? '';
  return [...table.matchAll(/^\| (?!---)(.+?) \| (.+) \|$/gm)].map(([, first = '', second = '']) => [
    first.replaceAll('`', ''),
    [...second.matchAll(/`([\w/-]+)`/g)].map(([, name = '']) => name),
  ]);
}

const NAMES = samples().map(({ name }) => name);

test('the index by detector is what the truth of the samples says', () => {
  const wanted = new Map<string, string[]>();
  for (const { name, truth } of samples())
    for (const kind of truth.expect.found) wanted.set(kind, [...(wanted.get(kind) ?? []), name].sort());
  assert.ok(wanted.size > 15);
  assert.deepEqual(Object.fromEntries(rows('detector')), Object.fromEntries(wanted));
});

test('every sample is in an index, and an index names nothing else', () => {
  const named = [...rows('detector'), ...rows('quirk')].flatMap(([, names]) => names);
  const stories = new Set(NAMES.map((name) => name.split('/')[0] ?? ''));
  assert.deepEqual(
    [...stories].filter((story) => !named.some((name) => name === story || name.startsWith(`${story}/`))),
    [],
  );
  assert.deepEqual(
    named.filter((name) => !NAMES.includes(name) && !stories.has(name)),
    [],
  );
  for (const story of stories) assert.ok(PAGE.includes(`| \`${story}\` |`), `${story} has no row of its own`);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { explanation } from '../../src/cli/actions/explain.ts';
import { KINDS, THRESHOLDS } from '../../src/detectors/registry.ts';
import { runDrover, typed } from '../support/run-drover.ts';

const DETECTORS = new URL('../../../src/detectors/', import.meta.url);

test('explain without a word lists every kind that is detected', async () => {
  const { code, stdout } = await typed(['explain']);
  assert.equal(code, 0);
  for (const kind of KINDS) assert.ok(stdout.includes(`  ${kind} `), kind);
});

test('explain KIND prints the page of the detector', async () => {
  const page = (kind: string): string => readFileSync(new URL(`${kind}/README.md`, DETECTORS), 'utf8');
  for (const kind of KINDS) assert.equal(explanation(kind), page(kind));
  assert.equal((await runDrover(['explain', 'loop-stall'])).stdout, page('loop-stall'));
});

test('explain thresholds names each of them with its default', async () => {
  const { stdout } = await typed(['explain', 'thresholds']);
  for (const [name, { default: usual, meaning }] of Object.entries(THRESHOLDS)) {
    assert.match(stdout, new RegExp(`^  ${name} +${usual}`, 'm'));
    assert.ok(stdout.includes(meaning));
  }
});

test('explain assistants prints the page for them, and the list names it', async () => {
  const page = readFileSync(new URL('../ASSISTANTS.md', DETECTORS), 'utf8');
  assert.equal((await typed(['explain', 'assistants'])).stdout, page);
  assert.match(explanation(undefined), /^ {2}assistants +for AI assistants/m);
});

test('a mistyped kind is answered with the right one, a path with an error', async () => {
  const { code, stderr } = await typed(['explain', 'lop-stall']);
  assert.deepEqual(
    [code, stderr],
    [2, 'drover: There is no finding called "lop-stall".\n  Did you mean loop-stall?\n'],
  );
  assert.equal((await typed(['explain', '../../package'])).code, 2);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { explanation } from '../../src/cli/actions/explain.ts';
import { KINDS, THRESHOLDS } from '../../src/detectors/registry.ts';
import { needsTool } from '../support/needs-tool.ts';
import { runDrover } from '../support/run-drover.ts';
import { Tmux } from '../support/tmux.ts';

const DETECTORS = new URL('../../../src/detectors/', import.meta.url);

test('explain without a word lists every kind that is detected', async () => {
  const { code, stdout } = await runDrover(['explain']);
  assert.equal(code, 0);
  for (const kind of KINDS) assert.ok(stdout.includes(`  ${kind} `), kind);
});

test('explain KIND prints the page of the detector', async () => {
  const page = (kind: string): string => readFileSync(new URL(`${kind}/README.md`, DETECTORS), 'utf8');
  for (const kind of KINDS) assert.equal(explanation(kind), page(kind));
  assert.equal((await runDrover(['explain', 'loop-stall'])).stdout, page('loop-stall'));
});

test('explain thresholds names each of them with its default', async () => {
  const { stdout } = await runDrover(['explain', 'thresholds']);
  for (const [name, { default: usual, meaning }] of Object.entries(THRESHOLDS)) {
    assert.match(stdout, new RegExp(`^  ${name} +${usual}`, 'm'));
    assert.ok(stdout.includes(meaning));
  }
});

test('a mistyped kind is answered with the right one, a path with an error', async () => {
  const { code, stderr } = await runDrover(['explain', 'lop-stall']);
  assert.deepEqual(
    [code, stderr],
    [2, 'drover: There is no finding called "lop-stall".\n  Did you mean loop-stall?\n'],
  );
  assert.equal((await runDrover(['explain', '../../package'])).code, 2);
});

test(
  'on a terminal a page is text in the pager, and less where PAGER says nothing',
  needsTool('tmux', 'less'),
  async () => {
    const tmux = new Tmux({ columns: 80, rows: 24, environment: { PAGER: 'sed s/^/paged:/' } });
    try {
      tmux.drover('explain accept-errors');
      const shown = await tmux.until(/left 0/);
      assert.match(shown, /^paged: {2}\w/m);
      assert.doesNotMatch(shown, /`|\*\*/);
      tmux.command('unset PAGER');
      tmux.drover('explain loop-stall');
      await tmux.until(/^What you see[^]*\n:$/m);
      tmux.keys('q');
      await tmux.until(/left 0/);
      tmux.drover('explain accept-errors | head -1', 'PAGER=false ');
      await tmux.until(/^# Connections cannot be accepted[^]*left 0/m);
      tmux.drover('explain accept-errors', 'PAGER=no-such-pager ');
      await tmux.until(/^ +101 epoll_wait[^]*left 0/m);
    } finally {
      tmux.close();
    }
  },
);

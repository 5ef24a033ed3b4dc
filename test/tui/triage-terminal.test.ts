import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needsTool } from '../support/needs-tool.ts';
import { Tmux } from '../support/tmux.ts';
import { sample } from '../support/truth.ts';

const TRACE = sample('distracted-worker').trace;

describe('drover triage in a terminal', needsTool('tmux'), () => {
  it('goes from the verdict to the lines in two keys, and leaves verdict and path behind', async () => {
    const tmux = new Tmux({ columns: 80, rows: 24 });
    try {
      tmux.drover(`triage ${TRACE}`);
      const first = await tmux.until(/1 of 3, by severity/);
      assert.match(first, /CRITICAL Likely: Worker 4870 stalled 1\.00 s/);
      assert.match(first, /^▸ 1 CRITICAL Worker 4870 stalled/m);
      assert.equal(tmux.property('alternate_on'), '1');
      tmux.keys('Enter');
      await tmux.until(/▸ 7659 {2}4870 recvfrom/);
      tmux.keys('Enter');
      const lines = await tmux.until(/7658 .*\n.*7659 ▸ 4870/);
      assert.match(lines, /7663 ▸ 4870/, 'the second line of the proof is marked as well');
      tmux.keys('q', 'q', 'q');
      const after = await tmux.until(/left 0/);
      assert.match(after, /CRITICAL {2}Likely: Worker 4870 stalled/);
      assert.match(after.replaceAll('\n', ''), /distracted-worker\/trace\.strace\.gz/);
      assert.equal(tmux.property('alternate_on'), '0');
      assert.equal(tmux.property('cursor_flag'), '1');
    } finally {
      tmux.close();
    }
  });
});

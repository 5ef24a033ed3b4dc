import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { needsTool } from '../support/needs-tool.ts';
import { runDrover } from '../support/run-drover.ts';
import { Tmux } from '../support/tmux.ts';

const FIRST = /^drover: Looking for no-such-server, to trace it\.$/m;

describe('who is to be traced', () => {
  for (const command of ['attach', 'record'])
    it(`is said on a terminal before ${command} looks for it`, needsTool('tmux'), async () => {
      const tmux = new Tmux({ columns: 80, rows: 24 });
      try {
        tmux.drover(`${command} no-such-server`);
        const screen = await tmux.until(/left 4/);
        assert.match(screen, /Looking for no-such-server, to trace it\.\n(?:drover: )?.*No process is called/);
      } finally {
        tmux.close();
      }
    });

  it('is said of a pid as well, and with --quiet not at all', needsTool('tmux'), async () => {
    const tmux = new Tmux({ columns: 80, rows: 24 });
    try {
      tmux.drover('triage --pid 999999999');
      assert.match(await tmux.until(/left 4/), /^drover: Looking for process 999999999, to trace it\.$/m);
      tmux.drover('attach no-such-server --quiet');
      assert.doesNotMatch(await tmux.until(/left 4/), FIRST);
    } finally {
      tmux.close();
    }
  });

  it('is not said where nobody waits at a terminal', async () => {
    const { stderr } = await runDrover(['attach', 'no-such-server']);
    assert.match(stderr, /No process is called no-such-server/);
    assert.doesNotMatch(stderr, FIRST);
  });
});

import assert from 'node:assert/strict';
import test from 'node:test';
import { needsTool } from '../support/needs-tool.ts';
import { Tmux } from '../support/tmux.ts';

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

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { needsTool } from '../support/needs-tool.ts';
import { Tmux } from '../support/tmux.ts';
import { sample } from '../support/truth.ts';

const TRACE = sample('c-client-flush').trace;
const FAULTY = join(import.meta.dirname, '../support/faulty-dashboard.js');

/** The program that the shell of the terminal waits for. */
function childOf(tmux: Tmux): number {
  const shell = tmux.property('pane_pid');
  const child = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').trim().split(' ')[0];
  assert.ok(child, 'nothing runs in the terminal');
  return Number(child);
}

/** Normal screen, cursor on, mouse off, and a shell that echoes what is typed. */
async function isWhole(tmux: Tmux): Promise<void> {
  tmux.command('echo who"le"');
  await tmux.until(/^whole$/m);
  assert.match(tmux.screen(), /echo who"le"/, 'typing is shown');
  const properties = ['alternate_on', 'cursor_flag', 'mouse_any_flag', 'keypad_flag'].map(
    (name) => `${name} ${tmux.property(name)}`,
  );
  assert.deepEqual(properties, ['alternate_on 0', 'cursor_flag 1', 'mouse_any_flag 0', 'keypad_flag 0']);
}

async function onDashboard(
  run: (tmux: Tmux) => Promise<void>,
  start = (tmux: Tmux): void => tmux.drover(`triage --mouse ${TRACE}`),
): Promise<void> {
  const tmux = new Tmux({ columns: 80, rows: 24 });
  try {
    start(tmux);
    await tmux.untilRead(/1 of 2, worst first/);
    await run(tmux);
  } finally {
    tmux.close();
  }
}

describe('the terminal is whole again', needsTool('tmux'), () => {
  it('after q, with exit code 0', () =>
    onDashboard(async (tmux) => {
      tmux.keys('q');
      await tmux.until(/left 0/);
      await isWhole(tmux);
    }));

  it('after Ctrl-C, with exit code 130', () =>
    onDashboard(async (tmux) => {
      tmux.keys('C-c');
      await tmux.until(/left 130/);
      await isWhole(tmux);
    }));

  for (const [signal, code] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
    ['SIGQUIT', 131],
  ] as const) {
    it(`after ${signal}, with exit code ${code}`, () =>
      onDashboard(async (tmux) => {
        process.kill(childOf(tmux), signal);
        await tmux.until(new RegExp(`left ${code}`));
        await isWhole(tmux);
      }));
  }

  it('while it is suspended with Ctrl-Z, and fg comes back to the same screen', () =>
    onDashboard(async (tmux) => {
      tmux.keys('j', 'C-z');
      await tmux.until(/Stopped/);
      await isWhole(tmux);
      tmux.command('fg');
      await tmux.until(/^▸ 2 INFO/m);
      assert.equal(tmux.property('alternate_on'), '1');
      tmux.keys('k');
      await tmux.until(/^▸ 1 CRIT/m);
      tmux.keys('q');
      await tmux.until(/Likely: GET \/publish holds/);
      await tmux.until(/^from \//m);
      tmux.command('echo "code $?"');
      await tmux.until(/^code 0$/m);
      await isWhole(tmux);
    }));

  it('while somebody else suspends it', () =>
    onDashboard(async (tmux) => {
      process.kill(childOf(tmux), 'SIGTSTP');
      await tmux.until(/Stopped/);
      await isWhole(tmux);
      tmux.command('fg');
      await tmux.untilRead(/1 of 2, worst first/);
      tmux.keys('q');
      await tmux.until(/^from \//m);
      await isWhole(tmux);
    }));

  for (const defect of ['throw', 'reject']) {
    it(`after a defect of ours (${defect}), which is told with its stack, with exit code 70`, () =>
      onDashboard(
        async (tmux) => {
          process.kill(childOf(tmux), 'SIGUSR2');
          await tmux.until(/left 70/);
          assert.match(tmux.screen(), /internal error[\s\S]*a defect of the test/);
          await isWhole(tmux);
        },
        (tmux) => tmux.command(`clear; ${process.execPath} ${FAULTY} ${defect} ${TRACE}; echo "left $?"`),
      ));
  }

  it('when the analysis needs more memory than it may take', async () => {
    const tmux = new Tmux({ columns: 80, rows: 24 });
    try {
      tmux.drover(`triage --memory 3 ${sample('c-client-flush').trace}`);
      const screen = await tmux.until(/left 70/);
      assert.match(screen.replaceAll('\n', ''), /The analysis needed more than 3 MB of memory and was ended/);
      await isWhole(tmux);
    } finally {
      tmux.close();
    }
  });
});

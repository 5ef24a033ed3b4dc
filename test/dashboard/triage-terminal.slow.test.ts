import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { needsTool } from '../support/needs-tool.ts';
import { runDrover } from '../support/run-drover.ts';
import { Tmux } from '../support/tmux.ts';
import { sample } from '../support/truth.ts';

const TRACE = sample('distracted-worker').trace;

describe('drover triage in a terminal', needsTool('tmux'), () => {
  it('goes from the verdict to the lines in two keys, and leaves verdict and path behind', async () => {
    const tmux = new Tmux({ columns: 80, rows: 24 });
    try {
      tmux.drover(`triage ${TRACE}`);
      const first = await tmux.untilRead(/1 of 1, worst first/);
      assert.match(first, /CRITICAL Likely: GET \/b holds worker 4870 up to 1\.00 s/);
      assert.match(first, /^▸ 1 CRIT GET \/b holds worker 4870/m);
      assert.equal(tmux.property('alternate_on'), '1');
      tmux.keys('Enter');
      await tmux.until(/▸ 7659 {2}4870 18:29:09\.956 recvfrom/);
      tmux.keys('Enter');
      const lines = await tmux.until(/7658 .*\n.*7659 ▸ 4870/);
      assert.match(lines, /7663 ▸ 4870/, 'the second line of the proof is marked as well');
      tmux.keys('q', 'q', 'q');
      const after = await tmux.until(/left 0/);
      assert.match(after, /CRITICAL {2}Likely: GET \/b holds worker 4870/);
      assert.match(after.replaceAll('\n', ''), /distracted-worker\/trace\.strace\.gz/);
      assert.equal(tmux.property('alternate_on'), '0');
      assert.equal(tmux.property('cursor_flag'), '1');
    } finally {
      tmux.close();
    }
  });

  it('takes colours for a light background where the terminal says that it has one', async () => {
    for (const [background, words, rule] of [
      ['#ffffff', '', /\x1b\[34m─/],
      ['#002b36', '', /\x1b\[36m─/],
      ['#ffffff', '--theme dark', /\x1b\[36m─/],
    ] as const) {
      const tmux = new Tmux({ columns: 80, rows: 24 });
      try {
        tmux.background(background);
        tmux.drover(`triage ${TRACE} ${words}`);
        await tmux.until(() => rule.test(tmux.coloured()), `${background} ${words}`);
        await tmux.untilRead(/1 of 1, worst first/);
        tmux.keys('q');
        // The answer of the terminal is no text that the shell gets.
        assert.doesNotMatch(await tmux.until(/left 0/), /rgb:/);
      } finally {
        tmux.close();
      }
    }
  });

  for (const [name, pipe] of [
    ['a pipe of text', `zcat ${TRACE} | `],
    ['a pipe of packed data', `cat ${TRACE} | `],
  ] as const) {
    it(`reads ${name} on standard input, and keys from the terminal`, async () => {
      const tmux = new Tmux({ columns: 80, rows: 24 });
      try {
        tmux.drover('triage -', pipe);
        await tmux.untilRead(/1 of 1, worst first/);
        tmux.keys('Enter', 'Enter');
        await tmux.until(/7658 .*\n.*7659 ▸ 4870/);
        tmux.keys('q', 'q', 'q');
        assert.match(await tmux.until(/left 0/), /from standard input; it was not kept/);
      } finally {
        tmux.close();
      }
    });
  }

  it('names every capture of several hosts in the command that stays', async () => {
    const tmux = new Tmux({ columns: 200, rows: 24 });
    const folder = mkdtempSync(join(tmpdir(), 'drover-test-'));
    try {
      for (const name of ['web-1', 'web-2']) copyFileSync(TRACE, join(folder, `${name}.strace.gz`));
      tmux.command(`cd ${folder}`);
      tmux.drover('triage web-1.strace.gz web-2.strace.gz');
      await tmux.untilRead(/1 of 1, worst first/);
      tmux.keys('q');
      assert.match(
        await tmux.until(/left 0/),
        /The whole report: drover analyze web-1\.strace\.gz web-2\.strace\.gz$/m,
      );
    } finally {
      tmux.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('follows the size of the terminal', async () => {
    const tmux = new Tmux({ columns: 80, rows: 24 });
    try {
      tmux.drover(`triage ${TRACE}`);
      await tmux.untilRead(/1 of 1, worst first/);
      tmux.resize(160, 48);
      await tmux.until(/FINDINGS {2}1 ─.* DATA {2}D tells more/);
      tmux.resize(38, 7);
      await tmux.until(/Terminal is 38x7, needs 40x8/);
      tmux.resize(80, 24);
      await tmux.untilRead(/1 of 1, worst first/);
      tmux.keys('q');
      await tmux.until(/left 0/);
    } finally {
      tmux.close();
    }
  });

  it('copies and exports into files that are named on the screen', async () => {
    const tmux = new Tmux({ columns: 120, rows: 30 });
    const folder = mkdtempSync(join(tmpdir(), 'drover-test-'));
    try {
      tmux.command(`cd ${folder}`);
      tmux.drover(`triage ${TRACE}`);
      await tmux.untilRead(/1 of 1, worst first/);
      tmux.keys('y');
      await tmux.until(/Copied as Markdown \(OSC 52\); also in \.\/drover-loop-stall-1\.md/);
      tmux.keys('e', 'j');
      await tmux.until(/Written to \.\/drover-report\.json/);
      tmux.keys('q');
      await tmux.until(/left 0/);
      assert.match(
        readFileSync(join(folder, 'drover-loop-stall-1.md'), 'utf8'),
        /GET \/b holds worker 4870 up to 1\.00 s/,
      );
      assert.equal(JSON.parse(readFileSync(join(folder, 'drover-report.json'), 'utf8')).findings.length, 3);
    } finally {
      tmux.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('prints the screen as text for the mouse and comes back', async () => {
    const tmux = new Tmux({ columns: 80, rows: 40 });
    try {
      tmux.drover(`triage ${TRACE}`);
      await tmux.untilRead(/1 of 1, worst first/);
      tmux.keys('L');
      await tmux.until(/Enter goes back to the screen/);
      assert.equal(tmux.property('alternate_on'), '0');
      tmux.keys('Enter');
      await tmux.until((screen) => tmux.property('alternate_on') === '1' && /1 of 1, worst first/.test(screen));
      tmux.keys('q');
      await tmux.until(/left 0/);
    } finally {
      tmux.close();
    }
  });

  it('says what is wrong with a file that is no trace, on the normal screen', async () => {
    const tmux = new Tmux({ columns: 80, rows: 24 });
    try {
      tmux.drover('triage /etc/hostname');
      await tmux.until(/left 3/);
      assert.match(tmux.screen(), /\/etc\/hostname/);
      assert.equal(tmux.property('alternate_on'), '0');
    } finally {
      tmux.close();
    }
  });
});

describe('drover triage off a terminal', () => {
  it('prints the report as analyze does', async () => {
    const { stdout, code } = await runDrover(['triage', TRACE]);
    assert.equal(code, 0);
    assert.equal(stdout, (await runDrover(['analyze', TRACE])).stdout);
  });

  it('wants a trace or a process', async () => {
    const { stderr, code } = await runDrover(['triage']);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /No trace and no process was named\.\n {2}Type drover triage FILE, or drover triage --pid PID\./,
    );
  });
});

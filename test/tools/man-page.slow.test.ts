import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { createProgram } from '../../src/cli/program.ts';
import { needsTool } from '../support/needs-tool.ts';
import { manPage } from './man-page.ts';

describe('the manual page', needsTool('groff'), () => {
  const page = manPage(1_795_700_000);
  const { stdout, stderr, status } = spawnSync('groff', ['-man', '-ww', '-Tascii', '-P-c', '-rLL=200n'], {
    input: page,
    encoding: 'utf8',
  });
  // Bold is a letter printed twice.
  const text = stdout.replace(/.\x08/g, '');

  it('is set without a warning', () => assert.deepEqual([status, stderr], [0, '']));

  it('names every command, and every option with what it does, as --help does', () => {
    const program = createProgram(() => undefined);
    const flat = text.replace(/\s+/g, ' ');
    let options = 0;
    for (const command of program.commands) {
      assert.ok(text.includes(`drover ${command.name() === 'analyze' ? '[analyze]' : command.name()}`), command.name());
      for (const option of command.options.filter(({ hidden }) => !hidden)) {
        options++;
        assert.ok(flat.includes(option.flags), option.flags);
        assert.ok(flat.includes(option.description.replaceAll('…', '...').slice(0, 40)), option.description);
      }
    }
    assert.ok(options > 60, `${options}`);
  });

  it('says what the exit codes mean, and shows what can be typed', () => {
    assert.match(text, /EXIT STATUS\n +0 done, 1 a finding at or above --fail-on/);
    assert.match(text, /EXAMPLES\n +drover trace\.strace\.gz +why is this server slow\?/);
  });

  it('has the day of its build', () => assert.match(page, /^\.TH DROVER 1 2026-11-26 /));
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { needsTool } from '../support/needs-tool.ts';
import { typed } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const FOLDER = temporaryFolder();

test('shellcheck has nothing to say about the scripts', needsTool('shellcheck'), async () => {
  for (const word of ['kubernetes', 'docker', 'podman', 'systemd', 'ansible', 'gunicorn', 'nginx']) {
    const { code, stdout, stderr } = await typed(['recipe', word]);
    assert.equal(code, 0, stderr);
    const path = join(FOLDER, `${word}.sh`);
    writeFileSync(path, stdout);
    execFileSync('shellcheck', ['--shell=sh', path], { encoding: 'utf8' });
  }
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';
import type { Report } from '../../src/analysis/report.ts';
import { LiveServer } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const LIVE = needsLive('bpftrace', 'pgrep', 'ss', 'awk');
const FOLDER = temporaryFolder();
const run = promisify(execFile);
let server: LiveServer;

before(async () => {
  if (LIVE.skip === false) server = await LiveServer.start();
});
after(() => server?.stop());

for (const engine of ['strace', 'bpftrace'] as const) {
  test(`the recipe for ${engine} captures without Node what analyze reads, and knows who is who`, LIVE, async () => {
    const script = join(FOLDER, `${engine}.sh`);
    writeFileSync(script, (await runDrover(['recipe', 'gunicorn', '--for', '2s'])).stdout);
    const load = server.load(43);
    const environment = { PATH: process.env.PATH, ENGINE: engine, DIRECTORY: engine };
    const [worker] = server.workers;
    const { stderr } = await run('sh', [script, String(worker)], { cwd: FOLDER, env: environment });
    load.stop();
    assert.match(stderr, new RegExp(`tracing ${server.pids.join(' ')} +for 2 s with ${engine}`));
    assert.doesNotMatch(stderr, /still traced/);
    const folder = join(FOLDER, engine);
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.ok(readdirSync(folder).every((name) => (statSync(join(folder, name)).mode & 0o777) === 0o600));
    assert.ok(statSync(`${folder}.tar.gz`).size > 0);

    const { stdout, stderr: notices } = await runDrover([folder, '--json']);
    assert.equal(notices, '');
    const report: Report = JSON.parse(stdout);
    assert.deepEqual(report.quality.diagnostics, []);
    const serving = report.workers.filter(({ accepted }) => accepted > 0);
    assert.ok(serving.length > 0);
    for (const { pid, comm } of serving) {
      assert.ok(server.workers.includes(pid));
      assert.equal(comm, 'gunicorn');
    }
    assert.equal(report.workers.find(({ pid }) => pid === server.master)?.role, 'master');
  });
}

test(
  'every recipe is a script that a shell accepts, for both machines, with the program in it and nothing left to fill in',
  LIVE,
  async () => {
    for (const words of [
      ['gunicorn'],
      ['nginx'],
      ['uwsgi'],
      ['puma'],
      ['node'],
      ['php-fpm'],
      ['4711'],
      [],
      ['nginx', '--machine', 'arm64'],
    ]) {
      const { code, stdout } = await runDrover(['recipe', ...words]);
      assert.equal(code, 0);
      assert.doesNotMatch(stdout, /DROVER:[A-Z]/);
      assert.match(stdout, /tracepoint:raw_syscalls:sys_enter/);
      const script = join(FOLDER, 'checked.sh');
      writeFileSync(script, stdout);
      await run('sh', ['-n', script]);
    }
    const { code, stderr } = await runDrover(['recipe', 'gunicron']);
    assert.equal(code, 2);
    assert.match(stderr, /There is no recipe for "gunicron"\.\n {2}Did you mean gunicorn\?/);
  },
);

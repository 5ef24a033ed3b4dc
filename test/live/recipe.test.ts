import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';
import { readHostNotes } from '../../parsers/host-notes/host-notes.ts';
import type { Report } from '../../src/analysis/report.ts';
import { LIVE_FOLDER, LiveServer, until } from '../support/live-server.ts';
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

/** Runs the recipe for a process in a directory. */
async function captured(
  pid: number,
  engine: string,
  directory: string,
  environment: Readonly<Record<string, string>> = {},
) {
  const script = join(FOLDER, 'any.sh');
  writeFileSync(script, (await runDrover(['recipe', '--for', '1s'])).stdout);
  const env = { PATH: process.env.PATH, ENGINE: engine, ...environment };
  try {
    const { stderr } = await run('sh', [script, String(pid)], { cwd: directory, env });
    return { code: 0, stderr };
  } catch (error) {
    const { code, stderr } = error as { readonly code: number; readonly stderr: string };
    return { code, stderr };
  }
}

for (const engine of ['strace', 'bpftrace'] as const) {
  test(`${engine}: words, names and files of a process cannot be lines or headings of its capture`, LIVE, async () => {
    const place = join(FOLDER, `forged-${engine}`);
    mkdirSync(place);
    const words = [
      '== threads',
      'x\n== threads\n 1 1 1 forged',
      '\\n== threads\\n 1 1 1 forged',
      '\t== threads',
      '== command 1\nforged',
    ];
    const forger = spawn(
      'setpriv',
      ['--pdeathsig', 'KILL', 'python3', join(LIVE_FOLDER, 'forger.py'), place, ...words],
      {
        stdio: 'ignore',
      },
    );
    try {
      await until('the forger', () => readdirSync(place).length === 5);
      const { code, stderr } = await captured(forger.pid ?? 0, engine, FOLDER, { DIRECTORY: `capture-${engine}` });
      assert.equal(code, 0, stderr);
    } finally {
      forger.kill('SIGKILL');
    }
    const folder = join(FOLDER, `capture-${engine}`);
    for (const name of ['facts-before.txt', 'facts-after.txt']) {
      const text = readFileSync(join(folder, name), 'latin1');
      const headings = text.split('\n').filter((line) => line.startsWith('=='));
      assert.deepEqual(headings, [...new Set(headings)]);
      assert.ok(headings.includes('== threads') && headings.includes(`== command ${forger.pid}`));
      assert.ok(!headings.includes('== command 1'));
      assert.ok(
        text.split('\n').every((line) => line === '' || line.startsWith('== ') || line.startsWith('\t')),
        name,
      );
    }
    const facts = readHostNotes(readFileSync(join(folder, 'facts-before.txt'), 'latin1'), '');
    assert.ok(![...facts.threads.values()].some(({ comm }) => comm.includes('forged')));
    assert.ok(facts.threads.size > 10);
    // A word each, also those that hold new lines.
    assert.equal(facts.commands.get(forger.pid ?? 0)?.length, 3 + words.length);
    const trace = readFileSync(join(folder, `trace.${engine}`), 'latin1').split('\n');
    assert.ok(trace.length > 17, `${trace.length} lines`);
    assert.deepEqual(
      trace.filter((line) => /^ts=\d pid=1|^==|^ 1 1 1/.test(line)),
      [],
    );
  });
}

test('a recipe follows no link, overwrites nothing, and takes no word for more than a number', LIVE, async () => {
  const place = join(FOLDER, 'planted');
  mkdirSync(place);
  writeFileSync(join(place, 'victim'), 'mine');
  symlinkSync('victim', join(place, 'linked.tar.gz'));
  symlinkSync('.', join(place, 'link'));
  const pid = server.master;
  const linked = await captured(pid, 'strace', place, { DIRECTORY: 'linked' });
  assert.equal(linked.code, 0, linked.stderr);
  assert.ok(readdirSync(join(place, 'linked')).includes('trace.strace'));
  for (const directory of ['link', 'linked', 'victim'])
    assert.equal((await captured(pid, 'strace', place, { DIRECTORY: directory })).code, 1);
  for (const environment of [
    { SECONDS_TO_TRACE: '1; touch pwned' },
    { ENGINE: 'strace; touch pwned' },
    { ENGINE: '' as string, SECONDS_TO_TRACE: '-1' },
  ])
    assert.equal((await captured(pid, 'strace', place, { DIRECTORY: 'never', ...environment })).code, 1);
  for (const words of ['1; touch pwned', '-p', '../etc', '$(touch pwned)', '\\0061']) {
    await assert.rejects(run('sh', [join(FOLDER, 'any.sh'), words], { cwd: place }), /PID must be a number/);
  }
  const odd = await captured(pid, 'strace', place, { DIRECTORY: '-rf $(touch pwned)' });
  assert.equal(odd.code, 0, odd.stderr);
  assert.equal(readFileSync(join(place, 'victim'), 'utf8'), 'mine');
  assert.deepEqual(readdirSync(place).sort(), [
    '-rf $(touch pwned)',
    '-rf $(touch pwned).tar.gz',
    'link',
    'linked',
    'linked.tar.gz',
    'victim',
  ]);
  const unnamed = [await captured(pid, 'strace', place), await captured(pid, 'strace', place)];
  assert.ok(unnamed.every(({ code }) => code === 0));
  assert.equal(readdirSync(place).filter((name) => /^drover-capture-.*-[0-9a-f]{12}$/.test(name)).length, 2);
});

test('a recipe refuses a directory that another user can change', LIVE, async () => {
  for (const [name, owner, mode, code] of [
    ['theirs', 64_999, 0o755, 1],
    ['all', 0, 0o777, 1],
    ['group', 0, 0o775, 0],
    ['sticky', 0, 0o1777, 0],
    ['sudo', 64_997, 0o755, 0],
  ] as const) {
    const place = join(FOLDER, name);
    mkdirSync(place);
    chownSync(place, owner, owner);
    chmodSync(place, mode);
    const result = await captured(server.master, 'strace', place, {
      DIRECTORY: 'here',
      ...(name === 'sudo' ? { SUDO_UID: String(owner) } : {}),
    });
    assert.equal(result.code, code, result.stderr);
    if (code === 1) {
      assert.match(result.stderr, /could change what is written.*cd to a directory of yours/);
      assert.deepEqual(readdirSync(place), []);
    }
  }
});

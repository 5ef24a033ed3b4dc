import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { promisify } from 'node:util';
import { LiveServer } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { DROVER, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A gunicorn with pids of its own, as in a container, seen from inside of it and from the host. */
const LIVE = needsLive('bpftrace', 'unshare', 'nsenter');
const FOLDER = temporaryFolder();
const WORKERS = 2;
const REASON = /Using strace, .* This is a container with pids of its own: bpftrace counts those of the host/;
let server: LiveServer;

before(async () => {
  if (LIVE.skip === false) server = await LiveServer.start({ workers: WORKERS, inside: true });
});
after(() => server?.stop());

/** Runs a program in the namespaces of the server. */
function inside(words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { ENGINE = '', ...environment } = process.env;
  const all = ['-t', String(server.master), '-m', '-p', ...words];
  return new Promise((resolve) => {
    execFile('nsenter', all, { env: environment, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr }),
    );
  });
}

const drover = (...words: readonly string[]) => inside([process.execPath, DROVER, ...words]);

test('inside, strace is taken and the reason is told; the calls of every process are there', LIVE, async () => {
  const load = server.load(40);
  try {
    const { code, stdout, stderr } = await drover('attach', '1', '--for', '2s', '--spool', FOLDER, '--json');
    assert.equal(code, 0, stderr);
    assert.match(stderr, REASON);
    assert.match(stderr, /Tracing 3 processes with strace for 2 s \(1 \d+ \d+\)/);
    const report = JSON.parse(stdout);
    assert.ok(report.quality.events > 100, String(report.quality.events));
    assert.equal(report.workers.length, 1 + WORKERS);
    const accepts = report.calls.find(({ call }: { readonly call: string }) => call === 'accept4');
    assert.ok(accepts.count > 20, JSON.stringify(accepts));
  } finally {
    load.stop();
  }
});

test('inside, record follows the same rule, and --engine bpftrace is refused: 4', LIVE, async () => {
  const saved = join(FOLDER, 'inside.trace');
  const load = server.load(40);
  try {
    const { code, stderr } = await drover('record', '1', '--for', '1s', '-o', saved);
    assert.equal(code, 0, stderr);
    assert.match(stderr, REASON);
    assert.match(readFileSync(saved, 'utf8'), /^\d+ +\d+\.\d+ accept4\(/m);
  } finally {
    load.stop();
  }
  const named = await drover('attach', '1', '--for', '1s', '--engine', 'bpftrace');
  assert.equal(named.code, 4);
  assert.match(named.stderr, /^drover: This is a container with pids of its own/);
});

test('inside, doctor says that bpftrace does not work, and which engine attach takes', LIVE, async () => {
  const { code, stdout } = await drover('doctor', '1');
  assert.equal(code, 0, stdout);
  assert.match(stdout, /^bpftrace does not work here$/m);
  assert.match(stdout, /^ {2}missing +This is a container with pids of its own/m);
});

test('inside, the recipe takes strace where bpftrace was asked for, and says why', LIVE, async () => {
  const folder = mkdtempSync(join(FOLDER, 'recipe-'));
  const script = join(folder, 'capture.sh');
  writeFileSync(script, (await runDrover(['recipe', 'gunicorn'])).stdout);
  const load = server.load(40);
  try {
    const run = `cd '${folder}' && ENGINE=bpftrace SECONDS_TO_TRACE=1 DIRECTORY='${folder}/c' sh '${script}' 1`;
    const { code, stderr } = await inside(['sh', '-c', run]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /bpftrace counts the pids of the host, .* taking strace/);
    assert.ok(statSync(join(folder, 'c', 'trace.strace')).size > 0);
  } finally {
    load.stop();
  }
});

test('from the host, bpftrace traces the container, with its own pids beside those of the host', LIVE, async () => {
  const load = server.load(40);
  try {
    const words = ['attach', `:${server.port}`, '--for', '2s', '--engine', 'bpftrace', '--spool', FOLDER, '--json'];
    const { code, stdout, stderr } = await runDrover(words);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`^ {2}${server.master}/1 +gunicorn`, 'm'));
    assert.ok(JSON.parse(stdout).quality.events > 100);
  } finally {
    load.stop();
  }
});

test(
  'from the host, a recipe finds a process of a container by its id and the number it has inside',
  LIVE,
  async () => {
    const id = randomBytes(32).toString('hex');
    const hierarchy = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => existsSync(`${path}/cgroup.procs`));
    assert.ok(hierarchy !== undefined, 'no cgroup2 is mounted');
    const group = join(hierarchy, `drover-test-${id}.scope`);
    mkdirSync(group);
    const load = server.load(40);
    const [worker = 0] = server.workers;
    try {
      for (const pid of server.pids) writeFileSync(join(group, 'cgroup.procs'), String(pid));
      const numberInside = /^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${worker}/status`, 'utf8'))?.[1] ?? '';
      assert.notEqual(numberInside, String(worker));
      const script = join(FOLDER, 'by-id.sh');
      writeFileSync(script, (await runDrover(['recipe', 'gunicorn'])).stdout);
      const capture = (container: string, ...words: readonly string[]) =>
        promisify(execFile)('sh', [script, ...words], {
          cwd: FOLDER,
          env: { PATH: process.env.PATH, CONTAINER: container, SECONDS_TO_TRACE: '1' },
        });
      for (const [words, found] of [
        [[], server.master],
        [[numberInside], worker],
      ] as const) {
        const { stderr } = await capture(id.slice(0, 12), ...words);
        assert.match(stderr, new RegExp(`process ${words[0] ?? 1} of the container is ${found} here`));
        assert.match(stderr, new RegExp(`tracing ${server.pids.join(' ')} +for 1 s`));
      }
      await assert.rejects(capture(id, '3999999'), /no process 3999999 in a container/);
      await assert.rejects(capture('web'), /CONTAINER must be the id of a container/);
      await assert.rejects(capture('0123456789ab; touch x'), /CONTAINER must be the id of a container/);
    } finally {
      load.stop();
      for (const pid of server.pids) writeFileSync(join(hierarchy, 'cgroup.procs'), String(pid));
      rmdirSync(group);
    }
  },
);

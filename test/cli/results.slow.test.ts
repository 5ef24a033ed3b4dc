import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, openSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { complaintsOfPage } from '../support/page-checks.ts';
import { DROVER, runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { workerLines } from '../support/worker-lines.ts';

const FOLDER = temporaryFolder();
const TRACE = join(FOLDER, 'a.strace');
writeFileSync(TRACE, workerLines({ pid: 17 }));
const STALLED = fileURLToPath(new URL('../../../samples/distracted-worker/trace.strace.gz', import.meta.url));
const ESCAPE = /\u001b\[/;

test('-o writes a file that only its owner may read, and replaces one that was there with --force only', async () => {
  const fresh = join(FOLDER, 'report.json');
  const old = join(FOLDER, 'old.json');
  writeFileSync(old, 'x'.repeat(1_000_000), { mode: 0o644 });
  const refused = await runDrover(['--json', '-o', old, TRACE]);
  assert.equal(refused.code, 2);
  assert.equal(readFileSync(old, 'utf8'), 'x'.repeat(1_000_000));
  for (const [path, ...force] of [[fresh], [old, '--force']] as const) {
    const { code, stdout } = await runDrover(['--json', '-o', path, ...force, TRACE]);
    assert.deepEqual([code, stdout], [0, '']);
    assert.equal(JSON.parse(readFileSync(path, 'utf8')).schemaVersion, 1);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
});

test('-o refuses the trace itself, a directory and a place that is not there, before anything is read', async () => {
  mkdirSync(join(FOLDER, 'folder'));
  for (const path of [TRACE, join(FOLDER, 'folder'), join(FOLDER, 'nowhere', 'report.txt')]) {
    const { code, stderr } = await runDrover(['-o', path, TRACE]);
    assert.equal(code, 2);
    assert.match(stderr, /^drover: Cannot write /);
  }
  assert.equal(readFileSync(TRACE, 'utf8'), workerLines({ pid: 17 }));
  const member = join(FOLDER, 'folder', 'trace.17');
  writeFileSync(member, workerLines());
  assert.equal((await runDrover(['-o', member, join(FOLDER, 'folder')])).code, 2);
});

test('a reader that goes away early, as head does, is no failure', async () => {
  const child = spawn(process.execPath, [DROVER, '--json', STALLED], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdout.destroy();
  const [code] = await new Promise<[number | null]>((resolve) => child.on('close', (status) => resolve([status])));
  assert.deepEqual([code, stderr], [0, '']);
});

test('a full disk behind stdout is told in one line, and is not taken for a finding', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [DROVER, '--json', '--fail-on', 'info', STALLED], {
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  assert.deepEqual(
    [status, stderr],
    [
      74,
      'drover: Cannot write the report: no space is left on the device.\n' +
        '  Make room, or write to another disk: df -h shows what is free.\n',
    ],
  );
});

test('--ndjson gives one finding a line', async () => {
  const { stdout } = await runDrover(['--ndjson', STALLED]);
  const findings = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(findings.length > 0);
  assert.ok(findings.every(({ id, kind }) => typeof id === 'string' && typeof kind === 'string'));
});

test('--html writes a page that only its owner may read, beside the report, with each worker over time', async () => {
  const path = join(FOLDER, 'page.html');
  const { code, stdout, stderr } = await runDrover([STALLED, '--html', path]);
  assert.deepEqual([code, stderr], [0, '']);
  assert.equal(stdout, (await runDrover([STALLED])).stdout);
  const page = readFileSync(path, 'utf8');
  assert.deepEqual(complaintsOfPage(page), []);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  // Three turns of a second without a call, as the application measured them (truth.json).
  const [, states = ''] = /<g class="lane" data-name="4870" data-states="([^"]+)">/.exec(page) ?? [];
  const columnMs = Number(/data-column-ms="([\d.]+)"/.exec(page)?.[1]);
  const silences = [...states.matchAll(/(\d+)n/g)].map(([, columns]) => Number(columns) * columnMs);
  assert.equal(silences.filter((ms) => ms > 900 && ms < 1_100).length, 3, states);
  assert.equal(states.match(/(?<!\d)e/g)?.length, 3, states);
});

test('--html replaces nothing that is there, says so before anything is read, and can be forced', async () => {
  const path = join(FOLDER, 'mine.html');
  writeFileSync(path, 'mine');
  for (const taken of [path, TRACE, FOLDER, join(FOLDER, 'nowhere', 'page.html')]) {
    const { code, stdout, stderr } = await runDrover([TRACE, '--html', taken]);
    assert.deepEqual([code, stdout], [2, ''], taken);
    assert.match(stderr, /^drover: Cannot write /);
  }
  assert.equal(readFileSync(path, 'utf8'), 'mine');
  assert.equal(readFileSync(TRACE, 'utf8'), workerLines({ pid: 17 }));
  assert.match((await runDrover([TRACE, '--html', path])).stderr, /Give --html another name, or replace .* --force/);
  assert.equal((await runDrover([TRACE, '--html', path, '--force'])).code, 0);
  assert.match(readFileSync(path, 'utf8'), /^<!doctype html>/);
});

test('a page and what is printed into a file need two names', async () => {
  const path = join(FOLDER, 'both');
  const { code, stderr } = await runDrover([TRACE, '-o', path, '--html', path]);
  assert.equal(code, 2);
  assert.equal(stderr, `drover: -o and --html both name ${path}.\n  Give each a name of its own.\n`);
});

test('a page is written although the reader of the report has gone away', async () => {
  const path = join(FOLDER, 'kept.html');
  const child = spawn(process.execPath, [DROVER, STALLED, '--html', path], { stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout.destroy();
  await new Promise((resolve) => child.on('close', resolve));
  assert.match(readFileSync(path, 'utf8'), /<\/html>\n$/);
});

test('a page that cannot be written leaves the report to be read, with the exit code that says so', async () => {
  const { code, stdout, stderr } = await runDrover([STALLED, '--html', '/dev/full']);
  assert.equal(code, 74);
  assert.match(stdout, /^FILE /);
  assert.match(stderr, /^drover: Cannot write \/dev\/full: no space is left on the device\.\n {2}Make room, .*\n$/);
});

test('a saved report is printed, turned into a page, and judged for a script, as its capture is', async () => {
  const path = join(FOLDER, 'saved.json');
  await runDrover([STALLED, '--json', '-o', path]);
  for (const words of [[], ['--md'], ['--json'], ['--ndjson'], ['-q'], ['--fail-on', 'critical'], ['-v']]) {
    const { code, stdout, stderr } = await runDrover([path, ...words]);
    const direct = await runDrover([STALLED, ...words]);
    assert.deepEqual([code, stdout], [direct.code, direct.stdout], words.join(' '));
    assert.doesNotMatch(stderr, /drover: (?!\d)/);
  }
  const page = join(FOLDER, 'saved.html');
  assert.equal((await runDrover([path, '--html', page])).code, 0);
  assert.deepEqual(complaintsOfPage(readFileSync(page, 'utf8')), []);
  assert.match((await runDrover([path, '-o', path, '--force'])).stderr, /it is the trace itself/);
});

test('what only a capture can answer is not asked of a saved report, and a damaged one is named', async () => {
  const path = join(FOLDER, 'whole.json');
  await runDrover([STALLED, '--json', '-o', path]);
  for (const words of [
    ['--pid', '7'],
    ['--from', '+1s'],
    ['--stall-ms', '9'],
    ['--threshold', 'stall-ms=9'],
  ]) {
    const { code, stdout, stderr } = await runDrover([path, ...words]);
    assert.deepEqual([code, stdout], [2, '']);
    assert.ok(stderr.startsWith(`drover: ${words[0]} needs the capture, and ${path} is a report on one.\n`), stderr);
  }
  const text = readFileSync(path, 'utf8');
  const damaged = join(FOLDER, 'damaged.json');
  for (const broken of [
    text.slice(0, -100),
    text.replace(/"comm": "[^"]*"/, '"comm": {"a": 1}'),
    text.replace('"workers": [', '"workers": [9, '),
  ]) {
    writeFileSync(damaged, broken);
    const { code, stderr } = await runDrover([damaged]);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /^drover: Cannot read the report .*damaged\.json: /);
  }
});

test('--md gives Markdown', async () => {
  assert.match((await runDrover(['--md', STALLED])).stdout, /^# drover: /);
});

test('--quiet gives the verdict in one line and nothing else', async () => {
  const { stdout, stderr } = await runDrover(['-q', STALLED]);
  assert.match(stdout, /^[A-Z ]+ {2}[^\n]+\n$/);
  assert.equal(stderr, '');
});

test('payload is shown on request only', async () => {
  const secret = join(FOLDER, 'secret.strace');
  writeFileSync(
    secret,
    `${workerLines({ pid: 17 })}17 1795188780.000000 read(7, "GET /?token=sesame HTTP/1.1\\r\\n", 99 = = <bad\n`,
  );
  assert.ok(!(await runDrover(['--json', secret])).stdout.includes('sesame'));
  assert.ok((await runDrover(['--json', '--with-payload', secret])).stdout.includes('sesame'));
});

test('colours come when asked for, and never unasked off a terminal', async () => {
  assert.doesNotMatch((await runDrover([STALLED])).stdout, ESCAPE);
  assert.match((await runDrover(['--color=always', STALLED])).stdout, ESCAPE);
  assert.match((await runDrover([STALLED], { environment: { FORCE_COLOR: '1' } })).stdout, ESCAPE);
  assert.doesNotMatch(
    (await runDrover([STALLED], { environment: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stdout,
    ESCAPE,
  );
});

test('a locale without UTF-8, or --ascii, gives nothing beyond ASCII', async () => {
  const beyond = /[^\n\x20-\x7e]/;
  assert.match((await runDrover([STALLED])).stdout, beyond);
  assert.doesNotMatch((await runDrover(['--ascii', STALLED])).stdout, beyond);
  assert.doesNotMatch((await runDrover([STALLED], { environment: { LC_ALL: 'C' } })).stdout, beyond);
});

test('SIGTERM ends the reading with 143, one line on stderr, and no half report', async () => {
  const child = spawn(process.execPath, [DROVER, '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  // Once the pipe has taken more than it can hold, drover is reading and listens to signals.
  await new Promise<void>((resolve) => child.stdin.write(workerLines({ pid: 17, count: 20_011 }), () => resolve()));
  child.kill('SIGTERM');
  const code = await new Promise((resolve) => child.on('close', resolve));
  assert.deepEqual(
    [code, stdout, stderr],
    [143, '', 'drover: stopped by SIGTERM before the end of the capture; nothing was reported.\n'],
  );
});

test('SIGINT also ends the waiting for a named pipe that nobody writes to', async () => {
  const pipe = join(FOLDER, 'pipe');
  execFileSync('mkfifo', [pipe]);
  const child = spawn(process.execPath, [DROVER, pipe], { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise((resolve) => child.on('close', resolve));
  // Its descriptor of the pipe shows that it waits.
  while (!opened(child.pid).includes(pipe)) await new Promise((resolve) => setTimeout(resolve, 20));
  child.kill('SIGINT');
  assert.equal(await ended, 130);
});

function opened(pid: number | undefined): string[] {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).map((descriptor) => {
    try {
      return readlinkSync(join(folder, descriptor));
    } catch {
      // Closed since it was listed.
      return '';
    }
  });
}

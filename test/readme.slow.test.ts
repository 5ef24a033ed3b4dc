import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { temporaryFolder } from './support/temporary-folder.ts';

const ROOT = join(import.meta.dirname, '../..');

const FOLDER = temporaryFolder();
const SAMPLE = join(ROOT, 'samples/distracted-worker/trace.strace.gz');
/** No process has this number: Linux counts up to 2^22. */
const NOBODY = '4194999';

/** Why a line of the README is not typed here, and where it is. */
const NOT_TYPED: Readonly<Record<string, string>> = {
  'npm ci && npm test': 'it would run this test',
  'npm link': 'it changes the PATH of the host; test/cli/package.slow.test.ts starts a link that it made itself',
  'timeout 20 strace -f -ttt -T -y -s 128 -o trace.strace -p PID': 'it waits 20 s for a server; test/live does',
  [`duckdb -c "SET VARIABLE archive = 'archive'" -f drover.sql -c 'FROM new_since_yesterday'`]:
    'it needs the program duckdb; test/archive/sql.slow.test.ts asks with its library',
  "ssh -n web-1 'timeout 20 strace -f -ttt -T -y -s 128 -p PID 2>&1' | drover":
    'it needs a host; test/cli/inputs.test.ts pipes a capture',
  "ssh -n web-1 'sudo drover record gunicorn --for 20s -o -' > web-1.trace":
    'it needs a host; test/live/record-stdout.test.ts records into a pipe',
};

/**
 * Lines that trace a running server: here they are typed for a process that is not there, which drover understands (4)
 * and does not take for wrong words (2). `test/live` types them for real servers.
 */
const LIVE = /^sudo drover (?:attach|record|run) /;

function linesToType(): readonly string[] {
  const readme = ['README.md', 'src/ASSISTANTS.md'].map((page) => readFileSync(join(ROOT, page), 'utf8')).join('\n');
  return [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block = '']) => block.trimEnd().split('\n'))
    .map((line) => line.replace(/ +#.*$/, ''));
}

/** The shell of a reader, in a folder with captures, with `drover` on the PATH. */
function type(line: string): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', line], {
    cwd: FOLDER,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${FOLDER}/bin:${process.env.PATH}` },
  });
  return { code: status, stdout, stderr };
}

before(() => {
  const lines = gunzipSync(readFileSync(SAMPLE)).toString('latin1');
  writeFileSync(join(FOLDER, 'trace.strace'), lines, 'latin1');
  writeFileSync(join(FOLDER, 'after.strace'), lines, 'latin1');
  const healthy = gunzipSync(readFileSync(join(ROOT, 'samples/distracted-worker/healthy/trace.strace.gz')));
  writeFileSync(join(FOLDER, 'before.strace'), healthy);
  copyFileSync(SAMPLE, join(FOLDER, 'trace.strace.gz'));
  copyFileSync(SAMPLE, join(FOLDER, 'web-1.strace.gz'));
  copyFileSync(join(ROOT, 'samples/hang-gunicorn-sync/trace.strace.gz'), join(FOLDER, 'web-2.strace.gz'));
  writeFileSync(join(FOLDER, 'report.json'), type(`node ${join(ROOT, 'bin/drover.js')} trace.strace --json`).stdout);
  for (const name of ['bin', 'traces', 'fleet']) mkdirSync(join(FOLDER, name));
  for (const pid of ['4848', '4870']) {
    const own = lines.split('\n').filter((line) => line.startsWith(`${pid} `));
    writeFileSync(join(FOLDER, `traces/trace.${pid}`), `${own.map((line) => line.slice(6)).join('\n')}\n`, 'latin1');
  }
  for (const host of ['web-1', 'web-2'])
    copyFileSync(join(FOLDER, `${host}.strace.gz`), join(FOLDER, `fleet/${host}.strace.gz`));
  symlinkSync(join(ROOT, 'bin/drover.js'), join(FOLDER, 'bin/drover'));
  symlinkSync(join(ROOT, 'samples'), join(FOLDER, 'samples'));
});

it('every line that the README and the page for assistants tell to type is typed, or named with a reason', () => {
  const lines = linesToType();
  assert.ok(lines.length > 15, `${lines.length} lines`);
  for (const line of Object.keys(NOT_TYPED)) assert.ok(lines.includes(line), `no longer in the README: ${line}`);
  // Times, pids and names are those of the reader's server.
  const own = (line: string): string =>
    line
      .replace('npm install && node bin/drover.js', 'drover')
      .replace('02:13:30', '18:29:05')
      .replace('02:14', '18:29:10')
      .replace('doctor 4711', `doctor ${process.pid}`)
      .replace('--pid 4711', '--pid 4870')
      .replace(/^sudo (.* )4711\b/, `$1${NOBODY}`)
      .replace(/^sudo (.* )gunicorn\b/, '$1no-such-server');
  for (const line of lines.filter((each) => !(each in NOT_TYPED))) {
    const { code, stdout, stderr } = type(own(line));
    const what = `${line}\n${stdout.slice(-300)}\n${stderr}`;
    if (LIVE.test(line)) assert.equal(code, line.includes(' run ') ? 2 : 4, what);
    else if (line.startsWith('drover doctor')) assert.match(stdout, /^programs that come with drover/m, what);
    else assert.equal(code, line.includes('--fail-on') ? 1 : 0, what);
    if (line.includes(' run ')) assert.match(stderr, /^drover: There is no program "no-such-server"/, what);
    const into = / > (\S+)$/.exec(line)?.[1];
    if (into !== undefined)
      assert.match(readFileSync(join(FOLDER, into), 'utf8'), /^(?:#!\/bin\/sh|\{|-- An archive)/, what);
    else if (!LIVE.test(line)) assert.notEqual(stdout, '', what);
  }
});

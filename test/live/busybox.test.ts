import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { before } from 'node:test';
import { promisify } from 'node:util';
import { readHostNotes } from '../../parsers/host-notes/host-notes.ts';
import { needsLive } from '../support/needs-live.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** An image that holds busybox and strace and nothing else, in namespaces of its own, as a capture image may be. */
const LIVE = needsLive('busybox', 'unshare', 'chroot', 'ldd');
const ROOT = temporaryFolder();
const run = promisify(execFile);

before(() => {
  if (LIVE.skip !== false) return;
  for (const folder of ['bin', 'proc', 'sys', 'tmp', 'dev', 'srv', 'etc']) mkdirSync(join(ROOT, folder));
  const strace = execFileSync('sh', ['-c', 'command -v strace'], { encoding: 'utf8' }).trim();
  const busybox = execFileSync('sh', ['-c', 'command -v busybox'], { encoding: 'utf8' }).trim();
  for (const program of [strace, busybox]) {
    copyFileSync(program, join(ROOT, 'bin', program.slice(program.lastIndexOf('/') + 1)));
    // A static program has none.
    const libraries = execFileSync('sh', ['-c', `ldd ${program} 2>/dev/null || :`], { encoding: 'utf8' });
    for (const [, path = ''] of libraries.matchAll(/(\/\S+) \(0x/g)) {
      mkdirSync(join(ROOT, dirname(path)), { recursive: true });
      copyFileSync(path, join(ROOT, path));
    }
  }
  execFileSync('chroot', [ROOT, '/bin/busybox', '--install', '-s', '/bin']);
  writeFileSync(join(ROOT, 'etc/passwd'), 'root:x:0:0:root:/srv:/bin/sh\n');
});

/** Runs a script in the image, where it is pid 1 and sees its own processes only. */
async function inImage(script: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  writeFileSync(join(ROOT, 'srv/entry.sh'), script);
  const words = ['--pid', '--fork', '--kill-child', '--mount', '--uts', `--mount-proc=${join(ROOT, 'proc')}`];
  const env = { PATH: '/bin', HOME: '/srv' };
  const dev = `mount --bind /dev '${ROOT}/dev' && exec chroot '${ROOT}' /bin/env -i PATH=/bin /bin/sh /srv/entry.sh`;
  return run('unshare', [...words, 'sh', '-c', dev], {
    env: { ...process.env, ...env, PATH: process.env.PATH ?? '' },
    timeout: 60_000,
  });
}

test('capture.sh captures a server with the programs of busybox alone', LIVE, async () => {
  writeFileSync(join(ROOT, 'srv/capture.sh'), (await runDrover(['recipe', '--for', '2s'])).stdout);
  const { stderr } = await inImage(`cd /srv
busybox httpd -f -p 127.0.0.1:18473 -h /srv &
server=$!
sleep 1
DIRECTORY=/srv/captured sh /srv/capture.sh "$server" &
capture=$!
sleep 1
for i in 1 2 3 4 5 6 7; do wget -q -O /dev/null http://127.0.0.1:18473/entry.sh; done
wait $capture
code=$?
grep TracerPid "/proc/$server/status" >/srv/after.txt
echo "server=$server" >>/srv/after.txt
kill $server
printf 'while :; do sleep 1; done &\\nwhile :; do sleep 1; done &\\nwait\\n' >/srv/prefork.sh
busybox sh /srv/prefork.sh &
master=$!
sleep 1
children=$(cat "/proc/$master/task/$master/children")
SECONDS_TO_TRACE=1 DIRECTORY=/srv/prefork sh /srv/capture.sh "\${children%% *}" 2>/srv/prefork.txt
echo "prefork=$master $children" >>/srv/after.txt
kill $master $children
exit $code
`);
  assert.match(stderr, /tracing (\d+) .*for 2 s with strace/);
  assert.doesNotMatch(stderr, /not found|invalid|unrecognized|usage|syntax/i);
  const after = readFileSync(join(ROOT, 'srv/after.txt'), 'utf8');
  assert.match(after, /^TracerPid:\t0$/m);
  const server = Number(/server=(\d+)/.exec(after)?.[1]);
  const family = /prefork=(.+\S)/.exec(after)?.[1] ?? '';
  assert.equal(family.split(' ').length, 3);
  assert.match(readFileSync(join(ROOT, 'srv/prefork.txt'), 'utf8'), new RegExp(`tracing ${family} +for 1 s`));
  const folder = join(ROOT, 'srv/captured');
  assert.deepEqual(readdirSync(folder).sort(), ['facts-after.txt', 'facts-before.txt', 'trace.strace']);
  assert.ok(readFileSync(`${folder}.tar.gz`).length > 500);
  assert.match(readFileSync(join(folder, 'trace.strace'), 'utf8'), /accept/);
  const facts = readFileSync(join(folder, 'facts-before.txt'), 'latin1');
  const notes = readHostNotes(facts, '');
  assert.ok(notes.threads.has(server), facts.slice(0, 2000));
  assert.deepEqual(notes.commands.get(server)?.slice(0, 2), ['busybox', 'httpd']);
  assert.match(facts, /^== time\n\t\d+(?:\.\d+)?$/m);
  assert.match(facts, /^\tTcpExtListenOverflows \d+$/m);
  const { stdout, code } = await runDrover([folder, '--json']);
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout).quality.diagnostics, []);
});

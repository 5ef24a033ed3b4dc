import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DROVER } from '../support/run-drover.ts';

const SAMPLE = fileURLToPath(new URL('../../../samples/blockers-gevent/trace.strace.gz', import.meta.url));

/** Pipes a trace into drover whose writer never ends, and interrupts drover so often. */
async function interrupted(times: number): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const { gunzipSync } = await import('node:zlib');
  const child = spawn(process.execPath, [DROVER, 'analyze', '--json', '-'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  child.stdin.on('error', () => undefined);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  await new Promise((resolve) => child.stdin.write(gunzipSync(readFileSync(SAMPLE)), resolve));
  await pause(700);
  for (let time = 0; time < times; time++) {
    child.kill('SIGINT');
    await pause(100);
  }
  const code = await ended;
  child.stdin.destroy();
  return { code, stdout, stderr };
}

test('Ctrl-C ends the trace on standard input, and what was read is reported', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await interrupted(1);
  assert.equal(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.equal(report.source.kind, 'stdin');
  assert.ok(report.findings.length > 5);
  assert.match(stderr, /drover: Ctrl-C: drover reports on what it has read\. Ctrl-C again ends it at once\./);
});

test('a second Ctrl-C ends drover without a report', { timeout: 60_000 }, async () => {
  const { code, stdout, stderr } = await interrupted(2);
  assert.equal(code, 130);
  assert.equal(stdout, '');
  assert.match(stderr, /stopped by SIGINT before the end of the capture; nothing was reported/);
});

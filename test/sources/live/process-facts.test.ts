import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { leaderOf, serverStarted } from '../../../src/sources/live/process-facts.ts';

test('each thread of a process leads to it, and a number that nobody has to itself', () => {
  const tids = readdirSync('/proc/self/task').map(Number);
  assert.ok(tids.length > 1);
  assert.deepEqual(new Set(tids.map(leaderOf)), new Set([process.pid]));
  assert.equal(leaderOf(2 ** 22 + 7), 2 ** 22 + 7);
});

test('a worker that multiprocessing started anew is of the server that started it, and others are of none', () => {
  const root = mkdtempSync(join(tmpdir(), 'drover-test-'));
  const add = (pid: number, parent: number, argv: readonly string[]): void => {
    mkdirSync(join(root, `${pid}`));
    writeFileSync(join(root, `${pid}`, 'cmdline'), argv.map((word) => `${word}\0`).join(''));
    writeFileSync(join(root, `${pid}`, 'stat'), `${pid} (python3) S ${parent} 1`);
  };
  try {
    add(10, 1, ['/usr/bin/python3', '-m', 'uvicorn', '--workers', '2', 'app:app']);
    add(11, 10, ['/usr/bin/python3', '-c', 'from multiprocessing.spawn import spawn_main; spawn_main()']);
    add(12, 10, ['/usr/bin/python3', '-c', 'from multiprocessing.resource_tracker import main;main(8)']);
    add(20, 1, ['/usr/bin/python3', 'shop.py']);
    add(21, 20, ['/usr/bin/python3', '-c', 'from multiprocessing.spawn import spawn_main; spawn_main()']);
    const named = [10, 11, 12, 20, 21].map((pid) => serverStarted(root, pid, [11, 12].includes(pid) ? 10 : 20));
    assert.deepEqual(named, ['uvicorn', 'uvicorn', '', '', '']);
  } finally {
    rmSync(root, { recursive: true });
  }
});

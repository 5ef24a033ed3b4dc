import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { listeningPorts } from '../../../src/sources/live/listening-ports.ts';
import { FakeProc, tcpRow } from '../../support/fake-proc.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FOLDER = temporaryFolder();

test('ports are those of listeners that a process has open; the table of a namespace is read once', () => {
  const proc = new FakeProc(mkdtempSync(join(FOLDER, 'proc-')));
  const rows = [
    tcpRow('00000000:1F40', '00000000:0000', '0A', 4711),
    tcpRow('0100007F:1F41', '00000000:0000', '0A', 4713),
    tcpRow('0100007F:1F42', '0A00000A:C350', '01', 4715),
  ];
  for (const pid of [101, 103]) {
    const descriptors = { 5: `socket:[${pid === 101 ? 4711 : 4713}]`, 6: 'socket:[4715]', 7: '/dev/null' };
    proc.set({ pid, descriptors, threads: [{ tid: pid, syscall: 'running' }] });
  }
  // Both are in one namespace, and only the first one's table is there.
  proc.table(101, 'tcp', rows);
  assert.deepEqual(listeningPorts([101, 103], proc.root), [8000, 8001]);
});

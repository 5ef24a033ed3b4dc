import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { LiveDrover } from '../support/live-drover.ts';
import { LiveServer } from '../support/live-server.ts';
import { needsLive } from '../support/needs-live.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** What changed between recordings of one server under one load. */
const LIVE = needsLive();
const FOLDER = temporaryFolder();
const STALL_EVERY_MS = 800;

interface Compared {
  readonly verdict: { readonly outcome: string; readonly text: string };
  readonly causes: readonly { readonly kind: string; readonly change: string }[];
}

/** Records for eight seconds, in which every so often one request holds its worker, or none does. */
async function recorded(server: LiveServer, name: string, hasStalls: boolean): Promise<string> {
  const path = join(FOLDER, `${name}.strace`);
  const words = ['record', String(server.master), '--engine', 'strace', '--yes', '--for', '8s', '-o', path];
  const drover = await LiveDrover.start(words);
  const load = server.load(19);
  const held: Promise<unknown>[] = [];
  const stalls = setInterval(() => hasStalls && held.push(server.get('/stall')), STALL_EVERY_MS);
  const { code } = await drover.ended;
  clearInterval(stalls);
  load.stop();
  // The next recording must not begin in a stall of this one.
  await Promise.allSettled(held);
  assert.equal(code, 0, drover.stderr);
  return path;
}

async function compared(before: string, after: string): Promise<Compared> {
  const { code, stdout, stderr } = await runDrover(['diff', before, after, '--json']);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Compared;
}

test(
  'two recordings of the same show no difference, and one after the cure shows which cause is gone',
  LIVE,
  async () => {
    const server = await LiveServer.start({ workers: 2 });
    try {
      const first = await recorded(server, 'first', true);
      const second = await recorded(server, 'second', true);
      const cured = await recorded(server, 'cured', false);
      for (const [before, after] of [
        [first, second],
        [second, first],
      ] as const) {
        const { verdict, causes } = await compared(before, after);
        const stalls = causes.filter(({ kind }) => kind === 'loop-stall');
        assert.ok(stalls.length > 0 && stalls.every(({ change }) => change === 'same'), JSON.stringify(causes));
        assert.equal(verdict.outcome, 'same', verdict.text);
      }
      const { verdict, causes } = await compared(first, cured);
      assert.equal(verdict.outcome, 'better', verdict.text);
      assert.ok(
        causes.some(({ kind, change }) => kind === 'loop-stall' && change === 'gone'),
        JSON.stringify(causes),
      );
      assert.equal((await compared(cured, first)).verdict.outcome, 'worse');
      assert.equal((await runDrover(['diff', cured, first, '--fail-on', 'warning'])).code, 1);
      assert.equal((await runDrover(['diff', first, second, '--fail-on', 'warning'])).code, 0);
    } finally {
      await server.stop();
    }
  },
);

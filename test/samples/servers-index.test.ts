import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { SCENES, scenes } from './server-truth.ts';

const PAGE = readFileSync(join(SCENES, 'README.md'), 'utf8');
/** Scenes in which something happens and those in which nothing does, by kind of mistake. */
const ROWS = [...PAGE.matchAll(/^\| (\d+) [^|]+ \| ([^|]+) \| ([^|]+) \|$/gm)].map(
  ([, kind, faults = '', twins = '']) => ({
    kind: Number(kind),
    faults: namesIn(faults),
    twins: namesIn(twins),
  }),
);
const NAMES = scenes().map(({ name }) => name);

function namesIn(cell: string): string[] {
  return [...cell.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name);
}

test('each of the fourteen kinds of mistake has a scene in which something happens, and a quiet one', () => {
  assert.deepEqual(
    ROWS.map(({ kind }) => kind),
    Array.from({ length: 14 }, (_, index) => index + 1),
  );
  for (const { kind, faults, twins } of ROWS) assert.ok(faults.length > 0 && twins.length > 0, `kind ${kind}`);
});

test('every scene is in the table, and the table names nothing else', () => {
  const named = ROWS.flatMap(({ faults, twins }) => [...faults, ...twins]);
  assert.deepEqual([...new Set(named)].sort(), NAMES);
});

test('clients of a scene in which nothing happens waited less than half a second, and all were answered', () => {
  const busy = new Set(ROWS.flatMap(({ faults }) => faults));
  const waited = scenes()
    .filter(({ name }) => !busy.has(name))
    .flatMap(({ name, truth }) =>
      truth.load
        // They ask for what the service behind, or a worker thread of the server, takes its time for.
        .filter(({ label, slowestMs }) => label !== 'behind' && label !== 'worker' && slowestMs >= 500)
        .map(({ slowestMs }) => `${name}: ${slowestMs} ms`),
    );
  assert.deepEqual(waited, []);
  for (const { name, truth } of scenes())
    if (!busy.has(name)) {
      assert.equal(truth.left, 0, name);
      assert.deepEqual(
        truth.acts.filter(({ act }) => act !== 'reload' && act !== 'wait'),
        [],
        name,
      );
    }
});

test('a capture is small', () => {
  // 40 threads at work, each of which polls, asks and answers, fill as much.
  const large = scenes().filter(({ trace }) => statSync(trace).size > 145_000);
  assert.deepEqual(
    large.map(({ name }) => name),
    [],
  );
});

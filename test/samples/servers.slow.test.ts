import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { analyzeFiles } from '../../src/index.ts';
import { analyzeInputs } from '../../src/pipeline/analyze-inputs.ts';
import { contradictions } from '../support/contradictions.ts';
import { memoryInput } from '../support/memory-input.ts';
import { strictComplaints } from '../support/strict-schema.ts';
import { LOOKS } from './looks.ts';
import { OPEN } from './open.ts';
import { isHealthy, type Scene, scenes } from './server-truth.ts';

const TITLES: Readonly<Record<string, string>> = {
  findings: 'finds what was done to it, and nothing of which its clients know nothing',
  warnings: 'warns of nothing that no client felt',
  upstream: 'says for whom all wait',
  title: 'names in its first line what was done, to whom, and in which request',
  accepted: 'counts the connections that its clients made',
  requests: 'counts the requests that its clients sent',
  names: 'says what names of descriptors would tell',
  late: 'has no all-clear for clients that waited a second, and no doubt for others',
  workers: 'takes those for workers that serve',
  backends: 'takes no process of one client for a loop',
  name: 'is called by no other name than its own',
  clock: 'says that the clock was moved',
};

const all = scenes();

/** What is wrong with a report on the scene when the capture begins in the middle of a call of most threads. */
async function withoutBeginning(scene: Scene): Promise<readonly string[]> {
  const lines = gunzipSync(readFileSync(scene.trace)).toString('utf8').split('\n');
  const text = lines.slice(Math.floor(lines.length * 0.37)).join('\n');
  const inputs = [memoryInput('trace', text, { chunkBytes: 65_536 })];
  const report = await analyzeInputs({ kind: 'file', paths: ['trace'], inputs, leftOut: [], notices: [] }, {});
  return LOOKS.warnings?.look(scene, report) ?? [];
}

for (const scene of all) {
  describe(`server ${scene.name}: ${scene.truth.server}`, async () => {
    const report = await analyzeFiles([scene.trace]);
    for (const [name, { applies, look }] of Object.entries(LOOKS)) {
      if (!applies(scene)) continue;
      const entry = `${scene.name}~${name}`;
      const open = OPEN.get(entry);
      if (open !== undefined)
        it(`${name} is still open: ${open}`, () => {
          assert.notDeepEqual(look(scene, report), [], `${entry} is right now: take it from the list of open looks`);
        });
      else it(TITLES[name] ?? name, () => assert.deepEqual(look(scene, report), []));
    }

    // What is not right with its beginning need not be right without it.
    if (isHealthy(scene.truth) && !OPEN.has(`${scene.name}~warnings`))
      it('warns of nothing that no client felt, where the beginning of the capture is cut off', async () =>
        assert.deepEqual(await withoutBeginning(scene), []));

    it('every line is read, and every detector answers', () => {
      assert.equal(report.quality.unparsedLines, 0);
      assert.deepEqual(
        Object.entries(report.outcomes).filter(([, outcome]) => outcome?.status === 'failed'),
        [],
      );
      assert.deepEqual(strictComplaints(report), []);
      assert.deepEqual(contradictions(report), []);
    });
  });
}

it('there are at least twenty servers with a load, and every open look is one that is taken', () => {
  assert.ok(all.length >= 20, `${all.length} scenes`);
  assert.deepEqual(
    [...OPEN.keys()].filter(
      (entry) => !LOOKS[entry.split('~')[1] ?? ''] || !all.some(({ name }) => entry.startsWith(`${name}~`)),
    ),
    [],
  );
});

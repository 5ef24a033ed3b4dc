import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { strictComplaints } from '../support/strict-schema.ts';
import { LOOKS } from './looks.ts';
import { OPEN } from './open.ts';
import { scenes } from './server-truth.ts';

const TITLES: Readonly<Record<string, string>> = {
  findings: 'finds what was done to it, and nothing of which its clients know nothing',
  warnings: 'warns of nothing that no client felt',
  upstream: 'says for whom all wait',
  accepted: 'counts the connections that its clients made',
  requests: 'counts the requests that its clients sent',
  workers: 'takes those for workers that serve',
  backends: 'takes no process of one client for a loop',
  name: 'is called by no other name than its own',
  clock: 'says that the clock was moved',
};

const all = scenes();

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

    it('every line is read, and every detector answers', () => {
      assert.equal(report.quality.unparsedLines, 0);
      assert.deepEqual(
        Object.entries(report.outcomes).filter(([, outcome]) => outcome?.status === 'failed'),
        [],
      );
      assert.deepEqual(strictComplaints(report), []);
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

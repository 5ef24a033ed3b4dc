import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caseOf, FOUND } from './found.ts';
import { complaintAbout } from './oracle.ts';
import { Random } from './random.ts';

for (const [what, found] of Object.entries(FOUND))
  test(`numbers are claims, however the lines are cut: ${what}`, async () => {
    for (const seed of [2, 3]) assert.equal(await complaintAbout(caseOf(found), new Random(seed)), '');
  });

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { analyzeFiles } from '../../src/index.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('a call that only the end of a capture tells of is looked at in the window that was asked for', async () => {
  const path = join(temporaryFolder(), 'in.trace');
  // bpftrace prints what threads are in when it ends: no record comes before that.
  writeFileSync(
    path,
    '@in[4985]: (22981283465641, 232, 7, 94662110920664, 1, 200)\n' +
      '@in[4987]: (22976672583274, 232, 7, 94662110920664, 1, 5000)\n',
  );
  const rows = async (from?: number): Promise<number> => {
    const window = from === undefined ? {} : { from: { kind: 'relative', nanoseconds: from } as const };
    return (await analyzeFiles([path], window)).time.length;
  };
  assert.equal(await rows(), 1);
  // 4.6 s lie between the two beginnings, the later of which is the last moment that is told.
  assert.equal(await rows(60e9), 0);
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Outcome } from '../../src/analysis/report.ts';
import { reasonsInCommon } from '../../src/output/reasons-in-common.ts';

const untold = (kind: string, reason: string): readonly [string, Outcome] => [
  kind,
  { status: 'not-applicable', reason },
];
const WITHOUT_E = 'record without -e: strace -o FILE -p PID';

describe('what several checks lack', () => {
  it('is told once, with their names and one step, where the first of them stands', () => {
    assert.deepEqual(
      reasonsInCommon([
        untold('a', `No accept call in the trace: whether it fails is unknown. If -e left it out, ${WITHOUT_E}`),
        untold('b', 'No loop was seen'),
        untold('c', `No accept call in the trace: who waits is unknown. If -e left it out, ${WITHOUT_E}`),
        untold('d', `No sync, and no open or write call in the trace. If -e left them out, ${WITHOUT_E}`),
      ]),
      [
        {
          label: '3 kinds',
          lines: [
            'No accept call in the trace: a, c',
            'No sync, and no open or write call in the trace: d',
            `If -e left them out, ${WITHOUT_E}`,
          ],
        },
        { label: 'b', lines: ['No loop was seen'] },
      ],
    );
  });

  it('keeps the whole sentence of a check that is alone with its step', () => {
    const alone = 'No close call in the trace: what is open is unknown. If -e left it out, record without -e: strace';
    assert.deepEqual(reasonsInCommon([untold('a', alone), untold('b', 'The capture has no stacks. Record with: -k')]), [
      { label: 'a', lines: [alone] },
      { label: 'b', lines: ['The capture has no stacks. Record with: -k'] },
    ]);
  });

  it('is the sentence itself where it holds no step', () => {
    assert.deepEqual(reasonsInCommon([untold('a', 'No loop was seen'), untold('b', 'No loop was seen')]), [
      { label: '2 kinds', lines: ['No loop was seen', 'a, b'] },
    ]);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { largestOf, smallestOf } from '../../src/detectors/extremes.ts';
import { BareAccepts } from '../../src/detectors/thundering-herd/bare-accepts.ts';
import { TimesOfThreads } from '../../src/detectors/times-of-threads.ts';
import { reasonsOf } from '../../src/detectors/words.ts';
import type { Thread } from '../../src/model/machine/thread.ts';
import { analyzed, none } from '../support/analyzed.ts';

const MANY = 10_007;

describe('times of very many threads', () => {
  /** Threads that were in a state once; `looks` counts how often somebody asks whether one has ended. */
  function many(ended: boolean) {
    const seen = { looks: 0 };
    const times = new TimesOfThreads();
    for (let index = 0; index < MANY; index++) {
      const thread = {
        get ended() {
          seen.looks++;
          return ended;
        },
      };
      times.add(thread as unknown as Thread, index, index + 1);
    }
    return seen;
  }

  it('look for threads to forget as rarely as is worth it, whether all are alive or all have ended', () => {
    for (const ended of [false, true]) {
      const { looks } = many(ended);
      assert.ok(looks > 0 && looks <= 3 * MANY, `${looks} looks at ${MANY} threads`);
    }
  });
});

describe('accepts without times', () => {
  it('wait for a winner in bounded numbers', () => {
    const accepts = new BareAccepts();
    let looks = 0;
    const thread = {} as Thread;
    for (let index = 0; index < MANY; index++) {
      const accept = {
        thread,
        accepted: false,
        start: -1,
        get end() {
          looks++;
          return -1;
        },
        line: { file: '', line: 1, text: '' },
      };
      accepts.add(accept as never);
    }
    assert.ok(looks <= 600 * MANY, `${looks} looks at ${MANY} accepts`);
  });
});

describe('extremes', () => {
  it('are found among more values than fit on the stack', () => {
    const values = Array.from({ length: 500_009 }, (_, index) => index);
    assert.deepEqual([largestOf(values), smallestOf(values)], [500_008, 0]);
  });

  it('have a floor, or are those of nothing', () => {
    assert.deepEqual([largestOf([-7], 0), largestOf([7], 0), largestOf([])], [0, 7, Number.NEGATIVE_INFINITY]);
    assert.equal(smallestOf([]), Number.POSITIVE_INFINITY);
  });
});

describe('the reasons of an outcome', () => {
  const reasons = (count: number): string[] => Array.from({ length: count }, (_, index) => `reason ${index}`);

  it('are written out up to ten, and the rest counted', () => {
    assert.equal(reasonsOf(reasons(10)), reasons(10).join('; '));
    assert.equal(reasonsOf(reasons(11)), `${reasons(10).join('; ')}; and 1 more`);
    assert.equal(reasonsOf([]), '');
  });

  it('stay short in a report on thousands of listeners', async () => {
    const lines = Array.from({ length: 2_003 }, (_, index) => {
      const fd = `${9 + index}<socket:[${5_000 + index}]>`;
      const at = (step: number): string => `101 1795140800.${String(index * 10 + step).padStart(6, '0')}`;
      return [
        `${at(1)} bind(${fd}, {sa_family=AF_INET, sin_port=htons(${2_000 + index}), sin_addr=inet_addr("10.0.0.1")}, 16) = 0 <0.000002>\n`,
        `${at(5)} listen(${fd}, 128) = 0 <0.000002>\n`,
      ].join('');
    });
    const reason = none(await analyzed(lines.join('')), 'ineffective-reuseport');
    assert.match(reason, /^SO_REUSEPORT was not set on 10\.0\.0\.1:2000; .*; and 1,993 more$/);
  });
});

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { shortInHostTable, withoutLeast } from '../../src/analysis/short-title.ts';

const STALL = 'GET /publish holds all 4 workers up to 1.41 s (19x): may wait for 127.0.0.1:19092';
const SLOW = 'GET /up waited up to 1.51 s for 127.0.0.1:18081 (HTTP) (12x)';

it('a title loses how often first, then what a service speaks', () => {
  assert.equal(withoutLeast(STALL, STALL.length), STALL);
  assert.equal(withoutLeast(STALL, STALL.length - 1), STALL.replace(' (19x)', ''));
  assert.equal(withoutLeast(SLOW, SLOW.length), SLOW);
  assert.equal(withoutLeast(SLOW, SLOW.length - 1), SLOW.replace(' (12x)', ''));
  assert.equal(withoutLeast(SLOW, 50), 'GET /up waited up to 1.51 s for 127.0.0.1:18081');
  const computes = 'GET /b holds worker 4870 for 1.00 s: mostly computes, or waits for a CPU';
  assert.equal(withoutLeast(computes, 65), 'GET /b holds worker 4870 for 1.00 s: mostly computes, or no CPU');
});

it('and keeps whom it waits for in a row of a table of hosts, down to the request and the target', () => {
  assert.equal(shortInHostTable(STALL, 62), 'GET /publish takes up to 1.41 s: may wait for 127.0.0.1:19092');
  assert.equal(shortInHostTable(STALL, 42), 'GET /publish: may wait for 127.0.0.1:19092');
  assert.equal(shortInHostTable(SLOW, 34), 'GET /up waited for 127.0.0.1:18081');
});

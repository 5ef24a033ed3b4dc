import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed, only } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { turn } from '../support/turns.ts';
import { KIND, onDisk, testTitles, titleOf } from './stall-titles.ts';

describe('the title of a stall that happened more than once', () => {
  testTitles(2, 'all');
  testTitles(131, 'short and long');

  it('says how often where there is room', async () => {
    assert.match(
      await titleOf(1234, 'GET /a'),
      /^GET \/a holds worker 4870 up to 2\.01 s \(1,234x\): computes, or no CPU$/,
    );
  });

  it('says how long without "up to" where it happened once', async () => {
    assert.match(
      await titleOf(1, 'GET /a'),
      /^GET \/a holds worker 4870 (?:for )?2\.01 s: computes, or waits for a CPU$/,
    );
  });
});

describe('the title of stalls in several requests', () => {
  async function titleFor(...requests: readonly string[]): Promise<string> {
    const { trace, worker } = oneWorker(4870);
    for (const [index, request] of requests.entries())
      turn(worker, worker.now + 100, 310 + 10 * index, () => {}, request);
    worker.waitUntil(worker.now + 1000);
    return only(await analyzed(trace), KIND).title;
  }

  it('names what paths with a number in them have in common, and a path that comes again as it is', async () => {
    assert.match(await titleFor('GET /item/17', 'GET /item/19'), /^GET \/item\/\* holds worker 4870 up to 320 ms/);
    assert.match(await titleFor('GET /item/17', 'GET /item/17'), /^GET \/item\/17 holds worker 4870 up to 320 ms/);
  });

  it('says how many others there are, however long the first one is', async () => {
    for (const longest of ['GET /e', `GET /${'long'.repeat(12)}`]) {
      const title = await titleFor('GET /a', 'GET /b', 'GET /c', 'GET /d', longest);
      assert.match(title, /^GET \/\S+ and 4 others hold worker 4870 up to 350 ms/);
      assert.ok(title.length <= 78, title);
    }
  });
});

it('a path that is too long for a title shows its last 31 characters, where they have room', async () => {
  const path = `/srv/${'deep/'.repeat(9)}data/of/customers/app.db`;
  const title = async (request: string): Promise<string> => {
    const { trace, worker } = oneWorker(9);
    turn(worker, 50, 2010, (own) => onDisk(path)(own, 2000), request);
    worker.waitUntil(3000);
    return only(await analyzed(trace), KIND).title;
  };
  assert.equal(await title('GET /'), 'GET / holds worker 9 for 2.01 s: fsync on …p/deep/data/of/customers/app.db');
  assert.equal(await title('GET /a'), 'GET /a holds worker 9 for 2.01 s: fsync on …/app.db');
});

it('requests of one shape are listed by the time that all stalls of each took', async () => {
  const { trace, worker } = oneWorker(4870);
  for (const [request, length] of [
    ['GET /item/2', 500],
    ['GET /item/1', 300],
    ['GET /item/1', 310],
    ['GET /item/3', 200],
  ] as const)
    turn(worker, worker.now + 100, length, () => {}, request);
  worker.waitUntil(worker.now + 1000);
  const { requests, count, totalMs, longestMs } = only(await analyzed(trace), KIND).metrics;
  assert.deepEqual(requests, ['GET /item/1', 'GET /item/2', 'GET /item/3']);
  assert.deepEqual([count, totalMs, longestMs], [4, 1310, 500]);
});

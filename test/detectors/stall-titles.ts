import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, only } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import type { ThreadLines } from '../support/thread-lines.ts';
import { turn } from '../support/turns.ts';

export const KIND = 'loop-stall';

/** The title of so many stalls of one cause, of which the last one is the longest. */
export async function titleOf(
  count: number,
  request: string,
  inside: (worker: ThreadLines, length: number) => void = () => {},
): Promise<string> {
  const { trace, worker } = oneWorker(4870);
  for (let index = 0; index < count; index++) {
    const length = index === count - 1 ? 2010 : 310;
    turn(worker, worker.now + 100, length, () => inside(worker, length - 10), request);
  }
  worker.waitUntil(worker.now + 1000);
  return only(await analyzed(trace), KIND).title;
}

export const onDisk =
  (path: string) =>
  (worker: ThreadLines, length: number): unknown =>
    worker.call(`fsync(21<${path}>`, ')', 0, length);

const REQUESTS = ['GET /a', 'GET /aaaaaaaaaa', 'POST /api/v2/customers', `GET /${'long'.repeat(12)}`];
const TARGETS = ['/x', '/srv/data/app.db', `/srv/${'deep/'.repeat(9)}app.db`];
const shortAndLong = <T>(items: readonly T[]): readonly T[] => [...items.slice(0, 1), ...items.slice(-1)];

/** A test with so many stalls, of all requests and files or of the shortest and the longest. */
export function testTitles(count: number, which: 'all' | 'short and long'): void {
  const [requests, targets] = which === 'all' ? [REQUESTS, TARGETS] : [shortAndLong(REQUESTS), shortAndLong(TARGETS)];
  it(`never reads as if each of ${count} had taken as long as the longest`, async () => {
    for (const request of requests)
      for (const target of targets) {
        const title = await titleOf(count, request, onDisk(target));
        assert.match(title, / up to 2\.0\d s/, title);
        assert.ok(title.length <= 78, title);
      }
  });
}

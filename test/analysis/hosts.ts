import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { causesIn } from '../../src/analysis/causes.ts';
import { analyzeFiles, type Report } from '../../src/index.ts';
import { renderText } from '../../src/output/text.ts';
import { prefork } from '../support/server-lines.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { ThreadLines } from '../support/thread-lines.ts';
import { turn } from '../support/turns.ts';

const FOLDER = temporaryFolder();

/** No two hosts begin in the same microsecond: captures that do are copies of one. */
let begun = 0;

/** A server of two workers, of which the first has stalls of so many milliseconds; with the pids of every other. */
export function server(stalls: readonly number[], request = 'GET /slow'): string {
  const { trace, workers } = prefork([101, 102], { argv: ['gunicorn'] });
  const [first, second] = workers as [ThreadLines, ThreadLines];
  stalls.forEach((length, index) => {
    const at = 1000 + index * 4000;
    if (request === 'GET /slow') turn(first, at, length);
    else first.waitUntil(at, 5).accept(11).read(11, request).gap(length).reply(11).close(11);
  });
  for (let index = 0; index < 30; index++) second.waitUntil(500 + index * 300, 5).serve(11, 'GET /quick');
  for (const worker of [first, second]) worker.waitUntil(12_000);
  begun++;
  return trace.text().replace(/(?<=^\d+ +)\d+\.\d{6}/gm, (stamp) => (Number(stamp) + begun / 1e6).toFixed(6));
}

export function named(name: string, text: string): string {
  const path = join(FOLDER, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

export function lines(report: Report): string[] {
  return renderText(report, { width: 100, colour: false, ascii: false, verbose: 0 }).trimEnd().split('\n');
}

/** That so many hosts, of which all but one have the same cause, are told as one; the last one had it `longest`. */
export async function checkOneCause(count: number, longest: string): Promise<void> {
  const paths = Array.from({ length: count }, (_, index) =>
    named(`c/node-${index + 1}.strace`, server(index === 11 ? [] : [2000 + index], 'GET /publish')),
  );
  const report = await analyzeFiles(paths);
  const [first, ...others] = causesIn(report.findings).filter(({ severity }) => severity !== 'info');
  assert.equal(others.length, 0);
  assert.match(
    first?.title ?? '',
    new RegExp(`^${count - 1} of ${count} hosts: GET /publish holds a worker up to ${longest} s`),
  );
  assert.equal(first?.hosts.length, count - 1);
  assert.equal(first?.hosts[0], `node-${count}`);
  assert.match(first?.summary ?? '', new RegExp(`^On node-${count}: `));
  const text = lines(report);
  assert.ok(text.length <= 80, `${text.length} lines`);
  assert.ok(
    text.some((line) => /^node-12 +NO FINDING/.test(line)),
    text.join('\n'),
  );
  assert.ok(
    text.some((line) => new RegExp(`\\+${count - 4} more +CRITICAL +2\\.00 s to ${longest} s`).test(line)),
    text.join('\n'),
  );
}

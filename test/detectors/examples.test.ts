import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { KINDS } from '../../src/detectors/registry.ts';
import { analyzed } from '../support/analyzed.ts';
import { firingExample } from '../support/detector-page.ts';
import { exampleFile, exampleText } from '../support/example-report.ts';

describe('what drover says of the examples on a page, and of the same kind in an ordinary capture', () => {
  for (const kind of KINDS)
    it(`is what was read and found right: ${kind}`, async () => {
      const file = exampleFile(kind);
      const right = existsSync(file) ? readFileSync(file, 'utf8') : '';
      assert.equal(await exampleText(kind), right, `read test/detectors/examples/${kind}.txt after npm run examples`);
    });
});

describe('a capture without pids, as strace makes of one process without -f', () => {
  const PID = /^(\d+) +(?=\d+\.)/;
  for (const kind of KINDS) {
    const lines = firingExample(kind).split('\n');
    const pids = new Set(lines.flatMap((line) => PID.exec(line)?.[1] ?? []));
    if (pids.size === 0) continue;
    it(`names no process 0, and leaves its number to be filled in: ${kind}`, async () => {
      for (const pid of pids) {
        const alone = lines.filter((line) => line.startsWith(`${pid} `)).map((line) => line.replace(PID, ''));
        const { findings } = await analyzed(alone.join('\n'));
        for (const { title, summary, next } of findings) {
          const commands = next.map(({ command = '' }) => command).join('\n');
          assert.doesNotMatch(`${title} ${summary}`, /\b(?:worker|process|pid|thread) [01](?![\d.])/i);
          assert.doesNotMatch(commands, /\/proc\/[01]\b|\b(?:pid|-p|pid=|attach|record)[ =]?[01]\b|\bundefined\b/);
        }
      }
    });
  }
});

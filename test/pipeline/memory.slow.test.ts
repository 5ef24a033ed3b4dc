import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { EXIT } from '../../src/cli/printing/exit-code.ts';
import { MemoryScarce } from '../../src/pipeline/memory-watch.ts';
import { scan } from '../../src/pipeline/scan.ts';
import { Lines } from '../support/lives.ts';
import { memoryInput } from '../support/memory-input.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** Clients that are accepted and stay. */
function manyClients(count: number): string {
  const lines = new Lines();
  for (let i = 0; i < count; i++)
    lines.add(
      100,
      `accept4(5, {sa_family=AF_INET6, sin6_port=htons(${i % 60_000}), sin6_addr="2001:db8::${i.toString(16)}"}, [28], 0) = ${10 + i} <0.000005>`,
    );
  return lines.toString();
}

const folder = temporaryFolder();

describe('a trace that takes more memory than there is', () => {
  it('is reported on as far as it was read, as partial data', async () => {
    const path = join(folder, 'clients.strace');
    writeFileSync(path, manyClients(110_000));
    const environment = { NODE_OPTIONS: '--max-old-space-size=80' };
    const { code, signal, stdout, stderr } = await runDrover([path, '--json'], { environment });
    assert.deepEqual([code, signal, stderr], [EXIT.done, null, '']);
    const { quality } = JSON.parse(stdout) as Report;
    assert.equal(quality.grade, 'partial');
    assert.ok(quality.lines > 1_000 && quality.lines < 110_000, `${quality.lines} lines`);
    assert.deepEqual(
      quality.diagnostics.filter(({ code: kind }) => kind === 'memory-limit').map(({ count }) => count),
      [1],
    );
    assert.match(quality.notes.join(' '), /Reading ended early because memory ran out/);
    const text = await runDrover([path, '--strict'], { environment });
    assert.equal(text.code, EXIT.partial);
    assert.match(text.stdout, /not read to the end/);
  });

  it('is read to its end with enough', async () => {
    const path = join(folder, 'clients.strace');
    writeFileSync(path, manyClients(20_000));
    const { stdout } = await runDrover([path, '--json']);
    const { quality } = JSON.parse(stdout) as Report;
    assert.deepEqual([quality.grade, quality.lines, quality.diagnostics], ['good', 20_000, []]);
  });
});

describe('a set of many files', () => {
  it('is looked at only as long as there is memory for it', async () => {
    const inputs = [101, 103, 107].map((tid) =>
      memoryInput(`t.${tid}`, new Lines().add(tid, 'getppid() = 1 <0.000010>').toString()),
    );
    let looked = 0;
    await assert.rejects(
      scan(inputs, () => {
        if (++looked === 2) throw new MemoryScarce();
      }),
      MemoryScarce,
    );
    assert.equal(looked, 2);
    assert.equal((await scan(inputs)).inputs.length, 3);
  });
});

import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KINDS } from '../../src/detectors/registry.ts';
import { analyzeFiles, InputError } from '../../src/index.ts';
import { analyzed } from '../support/analyzed.ts';
import { CLEAR, untrueReasons } from '../support/claims.ts';
import { samples } from '../support/truth.ts';

const SHARED = fileURLToPath(new URL('../../../../shared', import.meta.url));
/** Larger captures say the same and take long. */
const MOST_BYTES = 8e6;

/** Captures beside the checkout; none where they are absent. */
function beside(folder: string): string[] {
  const root = join(SHARED, folder);
  if (!existsSync(root)) return [];
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?:\.(?:strace|bpftrace|txt|perf|trace|log)|trace)(?:\.gz)?$/.test(name))
    .map((name) => join(root, name))
    .filter((path) => statSync(path).isFile() && statSync(path).size <= MOST_BYTES)
    .sort();
}

describe('the reasons of all outcomes', () => {
  it('have a list of what each kind may say when it is clear', () => {
    assert.deepEqual(
      Object.keys(CLEAR).filter((kind) => !(KINDS as readonly string[]).includes(kind)),
      [],
    );
    assert.ok(Object.keys(CLEAR).length >= 29);
  });

  const clear = new Set<string>();
  const look = async (path: string): Promise<void> => {
    const report = await analyzeFiles([path]).catch((error: unknown) => {
      if (error instanceof InputError) return null;
      throw error;
    });
    if (report === null) return;
    for (const [kind, outcome] of Object.entries(report.outcomes)) if (outcome?.status === 'clear') clear.add(kind);
    assert.deepEqual(untrueReasons(report), [], path);
  };

  for (const { name, trace } of samples()) it(`are true of the sample ${name}`, async () => look(trace));

  it('were clear of nearly every kind somewhere, so that the test looks at something', () => {
    assert.ok(clear.size >= KINDS.length - 4, `clear: ${[...clear].join(' ')}`);
  });

  for (const folder of ['captures', 'cases/public', 'cases/newer', 'cases/servers', 'cases/strace-suite']) {
    const paths = beside(folder);
    const isAbsent = paths.length === 0 && !process.env.CI;
    it(`are true of ${folder} beside the checkout`, { skip: isAbsent && `no shared/${folder} here` }, async () => {
      const wrong: string[] = [];
      for (const path of paths)
        await look(path).catch((error: unknown) => {
          if (!(error instanceof assert.AssertionError)) throw error;
          wrong.push(`${basename(path)}: ${error.message}`);
        });
      assert.deepEqual(wrong, []);
    });
  }
});

describe('nothing is clear of a capture in which there is nothing to look at', () => {
  for (const [what, text] of [
    ['one call that came back', '1790000000.000001 getpid() = 4711 <0.000003>\n'],
    ['one call that did not', '4711 1790000000.000001 read(3,  <unfinished ...>\n'],
    ['a line without times', 'read(3, "", 4096) = 0\n'],
  ] as const)
    it(what, async () => {
      const { outcomes } = await analyzed(text);
      const clear = Object.entries(outcomes).filter(([, outcome]) => outcome?.status === 'clear');
      // That the traced process lives is seen on any line.
      assert.deepEqual(
        clear.map(([kind]) => kind),
        ['worker-death'].filter((kind) => outcomes[kind as 'worker-death']?.status === 'clear'),
      );
    });
});

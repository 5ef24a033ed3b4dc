import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { formats } from '../../parsers/registry.ts';
import { scratchCopy } from './scratch-copy.ts';

const NAME = 'odd-tracer';
/** Tests of the contract for each format. */
const CONTRACT = 11;

describe('npm run new:format', async () => {
  const { folder, run, compiled, results } = scratchCopy();

  it('writes a folder that compiles and is clean, and tells the one line that is left', async () => {
    const { code, output } = await run('dist/test/tools/new-format.js', NAME);
    assert.equal(code, 0, output);
    for (const file of ['format.ts', 'README.md'])
      assert.match(readFileSync(join(folder, 'parsers', NAME, file), 'utf8'), /TODO/);
    assert.match(
      output,
      /^ {2}oddTracerFormat,\n {2}import \{ oddTracerFormat \} from '\.\/odd-tracer\/format\.ts';$/m,
    );
    assert.deepEqual(await compiled(), { code: 0, output: '' });
    const checked = await run('node_modules/@biomejs/biome/bin/biome', 'check', join('parsers', NAME));
    assert.equal(checked.code, 0, checked.output);
  });

  it('with the line in the list, the format passes the contract, and nothing else turns red', async () => {
    const registry = join(folder, 'parsers/registry.ts');
    const text = readFileSync(registry, 'utf8')
      .replace('  straceSummaryFormat,\n', '  straceSummaryFormat,\n  oddTracerFormat,\n')
      .replace(/^import /, "import { oddTracerFormat } from './odd-tracer/format.ts';\nimport ");
    writeFileSync(registry, text);
    const checked = await run('node_modules/@biomejs/biome/bin/biome', 'format', registry);
    assert.equal(checked.code, 0, checked.output);
    assert.deepEqual(await compiled(), { code: 0, output: '' });
    const before = formats.length * CONTRACT;
    const { passed, red } = await results('dist/test/parsers/contract.test.js');
    assert.deepEqual(red, []);
    assert.equal(passed.length, before + CONTRACT);
  });

  it('nothing else turns red', async () => {
    const { code, output } = await run('--test', 'dist/test/parsers/detect.test.js', 'dist/test/architecture.test.js');
    assert.equal(code, 0, output);
  });

  it('a README that says something else turns the contract red, and is named', async () => {
    const readme = join(folder, 'parsers', NAME, 'README.md');
    writeFileSync(readme, readFileSync(readme, 'utf8').replace('result=5', 'result=7'));
    const { red } = await results('dist/test/parsers/contract.test.js');
    assert.deepEqual(red, ['has examples in its README, each with what is read of it']);
  });

  it('refuses what is no name, and what is there already', async () => {
    for (const name of ['', 'Odd', '../x', 'odd_tracer'])
      assert.equal((await run('dist/test/tools/new-format.js', name)).code, 2, name);
    const { code, output } = await run('dist/test/tools/new-format.js', 'strace');
    assert.deepEqual([code, output], [2, 'parsers/strace/format.ts is there already.']);
  });
});

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { scratchCopy } from './scratch-copy.ts';

const KIND = 'odd-requests';

describe('npm run new:detector', async () => {
  const { folder, run, compiled, results } = scratchCopy();
  /** The titles of the tests that are red, without those that hold them. */
  const red = async (...files: readonly string[]): Promise<string[]> => (await results(...files)).red;

  it('writes a folder that compiles, and a test, and tells the one line that is left', async () => {
    const { code, output } = await run('dist/test/tools/new-detector.js', KIND);
    assert.equal(code, 0, output);
    for (const file of ['detector.ts', 'metrics.ts', 'finding.ts', 'README.md'])
      assert.match(readFileSync(join(folder, 'src/detectors', KIND, file), 'utf8'), /TODO/);
    assert.match(output, /^ {2}oddRequests,\n {2}import \{ oddRequests \} from '\.\/odd-requests\/detector\.ts';$/m);
    for (const path of [join('src/detectors', KIND), join('test/detectors', `${KIND}.test.ts`)]) {
      const checked = await run('node_modules/@biomejs/biome/bin/biome', 'check', path);
      assert.equal(checked.code, 0, checked.output);
    }
    assert.match(output, /^Then type: npm run schema, .* Nothing compiles before/m);
    // Until then the compiler tells of its test alone that there is no such kind.
    const complaints = (await compiled()).output.split('\n').filter((line) => /^\S/.test(line));
    assert.ok(complaints.length > 0);
    for (const line of complaints)
      assert.match(line, /^test\/detectors\/odd-requests\.test\.ts.*'"odd-requests"' is not assignable/);
  });

  it('leaves a list that names what is missing, and nothing else', async () => {
    assert.deepEqual(await red('dist/test/detectors.test.js'), [
      'has a folder for each kind, and no folder is left over',
    ]);
  });

  it('with the line in the list, only the page that is still to be written and the schema are red', async () => {
    const registry = join(folder, 'src/detectors/registry.ts');
    const text = readFileSync(registry, 'utf8')
      .replace('  serviceStall,\n', '  serviceStall,\n  oddRequests,\n')
      .replace(/^import /, "import { oddRequests } from './odd-requests/detector.ts';\nimport ");
    writeFileSync(registry, text);
    // The types of the package do not know the kind yet.
    await compiled();
    assert.deepEqual(await red('dist/test/detectors.test.js'), [
      'has an example that makes it fire and one that leaves it quiet',
    ]);
    assert.equal((await run('dist/test/tools/write-schema.js')).code, 0);
    assert.deepEqual(await compiled(), { code: 0, output: '' });
    const { output } = await run(
      '--test',
      '--test-reporter=tap',
      `dist/test/detectors/${KIND}.test.js`,
      'dist/test/output/text.test.js',
    );
    assert.match(output, /^# fail 0$/m);
  });

  it('changes nothing of what is written down about other kinds', async () => {
    const mine = [`is what was read and found right: ${KIND}`];
    assert.deepEqual(await red('dist/test/detectors/examples.test.js'), mine);
    const examples = join(folder, 'test/detectors/examples');
    const written = (): Record<string, string> =>
      Object.fromEntries(readdirSync(examples).map((name) => [name, readFileSync(join(examples, name), 'utf8')]));
    const before = written();
    assert.equal((await run('dist/test/tools/write-examples.js')).code, 0);
    const { [`${KIND}.txt`]: own = '', ...others } = written();
    assert.match(own, /^ordinary: clear$/m);
    assert.deepEqual(others, before);
    assert.deepEqual(await red('dist/test/detectors/examples.test.js'), []);
  });

  it('finds nothing in ordinary captures, although its rule is still made up', async () => {
    assert.deepEqual(await red('dist/test/analysis/verdict-of-hosts.test.js'), []);
  });

  it('writes files that are clean, however long the name is', async () => {
    for (const name of ['x', 'a-name-of-a-kind-that-is-as-long-as-nobody-wants-to-type']) {
      const { code, output } = await run('dist/test/tools/new-detector.js', name);
      assert.equal(code, 0, output);
      const checked = await run(
        'node_modules/@biomejs/biome/bin/biome',
        'check',
        join('src/detectors', name),
        join('test/detectors', `${name}.test.ts`),
      );
      assert.equal(checked.code, 0, checked.output);
    }
  });

  it('refuses what is no name, and what is there already', async () => {
    for (const name of ['', 'Odd', '../x', 'odd_requests'])
      assert.equal((await run('dist/test/tools/new-detector.js', name)).code, 2, name);
    const { code, output } = await run('dist/test/tools/new-detector.js', 'loop-stall');
    assert.deepEqual([code, output], [2, 'src/detectors/loop-stall/detector.ts is there already.']);
  });
});

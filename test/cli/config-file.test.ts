import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Option } from 'commander';
import { configFile, SETTINGS } from '../../src/cli/options/config-file.ts';
import { createProgram } from '../../src/cli/program.ts';
import { DROVER, typed } from '../support/run-drover.ts';
import { complaintsBy } from '../support/strict-schema.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { sample } from '../support/truth.ts';
import { workerLines } from '../support/worker-lines.ts';

const schema = createRequire(import.meta.url)('drover/config.schema.json') as {
  readonly properties: Readonly<Record<string, { readonly enum?: readonly string[] }>>;
};
/** Its longest stall took 1.0 s. */
const TRACE = sample('distracted-worker').trace;
const FOLDER = temporaryFolder();

function fileWith(settings: unknown): string {
  const path = join(FOLDER, `${Math.random()}.json`);
  writeFileSync(path, typeof settings === 'string' ? settings : JSON.stringify(settings));
  return path;
}

function withSettings(settings: unknown, ...words: readonly string[]) {
  return typed([TRACE, ...words], { environment: { DROVER_CONFIG: fileWith(settings) } });
}

describe('the file of settings', () => {
  it('gives what was not typed, and says what changes the report', async () => {
    const { stdout, stderr } = await withSettings({ 'stall-ms': 20_000, width: 60, ascii: true }, '--json');
    const { outcomes } = JSON.parse(stdout) as {
      readonly outcomes: Readonly<Record<string, { readonly status: string }>>;
    };
    assert.notEqual(outcomes['loop-stall']?.status, 'found');
    assert.match(stderr, /^drover: Settings of .*\.json: stall-ms 20000\.\n$/);
    const plain = await withSettings({ width: 60 });
    assert.equal(plain.stderr, '');
    assert.ok(plain.stdout.split('\n').every((line) => line.length <= 60));
  });

  it('counts less than what is typed, also one threshold of several', async () => {
    const file = { 'stall-ms': 20_000, threshold: { 'stall-ms': 20_000 } };
    const { stdout } = await withSettings(file, '--json', '--stall-ms', '100', '--threshold', 'stall-ms=100');
    const { outcomes } = JSON.parse(stdout) as {
      readonly outcomes: Readonly<Record<string, { readonly status: string }>>;
    };
    assert.equal(outcomes['loop-stall']?.status, 'found');
  });

  it('is in the folder of the user, or where DROVER_CONFIG says, and never where the captures are', async () => {
    assert.equal(configFile({ XDG_CONFIG_HOME: '/c' }), '/c/drover/drover.config.json');
    assert.equal(configFile({ DROVER_CONFIG: '' }), null);
    const folder = temporaryFolder();
    const settings = '{"stall-ms": 20000}';
    const trace = join(folder, 'a.strace');
    writeFileSync(trace, workerLines({ pid: 17 }));
    const saidIn = (): string =>
      spawnSync(process.execPath, [DROVER, trace], {
        cwd: folder,
        env: { PATH: process.env.PATH, HOME: folder },
        encoding: 'utf8',
      }).stderr;
    writeFileSync(join(folder, 'drover.config.json'), settings);
    assert.equal(saidIn(), '');
    mkdirSync(join(folder, '.config/drover'), { recursive: true });
    writeFileSync(join(folder, '.config/drover/drover.config.json'), settings);
    assert.match(saidIn(), /stall-ms 20000/);
  });

  it('is refused in one line where it cannot be used', async () => {
    for (const [settings, message] of [
      ['[', 'it is no JSON'],
      ['[]', 'it is no JSON object'],
      [{ colour: 'never' }, 'there is no setting "colour"'],
      [{ color: 'pink' }, 'color: '],
      [{ 'stall-ms': '9' }, '"stall-ms" is no number'],
      [{ 'stall-ms': 0 }, 'stall-ms: '],
      [{ threshold: 7 }, '"threshold" is no object of names and values'],
      [{ 'with-payload': true }, 'there is no setting "with-payload"'],
    ] as const) {
      const { code, stdout, stderr } = await withSettings(settings);
      assert.deepEqual([code, stdout], [2, ''], JSON.stringify(settings));
      assert.ok(stderr.includes(message) && stderr.trimEnd().split('\n').length === 2, stderr);
    }
    const { code, stderr } = await typed([TRACE], { environment: { DROVER_CONFIG: join(FOLDER, 'nowhere.json') } });
    assert.equal(code, 2);
    assert.match(stderr, /^drover: Cannot use the settings in .*nowhere\.json: /);
  });

  it('knows options that there are, as its schema says', () => {
    const options = createProgram(() => undefined).commands.flatMap((command): readonly Option[] => command.options);
    const { $schema: _, ...properties } = schema.properties;
    assert.deepEqual(Object.keys(properties).sort(), Object.keys(SETTINGS).sort());
    for (const [name, { enum: choices }] of Object.entries(properties)) {
      const option = options.find(({ long }) => long === `--${name}`);
      assert.ok(option !== undefined, name);
      assert.deepEqual([...(option.argChoices ?? [])].sort(), [...(choices ?? [])].sort(), name);
    }
    assert.deepEqual(complaintsBy(schema, { 'stall-ms': 250, threshold: { 'dns-ms': 3 }, color: 'never' }), []);
    assert.notDeepEqual(complaintsBy(schema, { color: 'pink', 'with-payload': true }), []);
  });
});

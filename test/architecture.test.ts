import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Which room may look into which. A room may always look into itself; the longest matching path is the room of a file.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/trace': [],
  parsers: ['src/trace'],
  // Where bytes land: what a name stands for, and that nothing of anybody is destroyed. Captures and reports both go
  // through it.
  'src/files': [],
  'src/sources': ['src/files', 'src/trace'],
  'src/model': ['src/trace'],
  'src/detectors': ['src/model', 'src/trace'],
  'src/analysis': ['src/detectors', 'src/model', 'src/trace'],
  'src/output': ['src/analysis', 'src/trace'],
  // The dashboard: state, views and the terminal. It is told what happens and says what it wants; it opens no files and
  // starts no threads.
  'src/dashboard': ['src/analysis', 'src/output', 'src/trace'],
  'src/version.ts': [],
  // Puts the rooms together for whoever has bytes: the command line, library users, later live captures.
  'src/pipeline': [
    'src/pipeline/parser-thread.ts',
    'src/pipeline/analyze-inputs.ts',
    'parsers',
    'src/sources',
    'src/analysis',
    'src/trace',
    'src/version.ts',
  ],
  // Started by the command line while everything else is still being loaded.
  'src/pipeline/parser-thread.ts': [],
  'src/pipeline/analyze-inputs.ts': [
    'src/pipeline',
    'src/pipeline/progress.ts',
    'src/pipeline/parser-thread.ts',
    'parsers',
    'src/sources',
    'src/analysis',
    'src/trace',
  ],
  // What users of the library see of the reading: types only.
  'src/pipeline/progress.ts': ['src/analysis'],
  'src/index.ts': [
    'src/pipeline/analyze-inputs.ts',
    'src/pipeline/progress.ts',
    'src/sources',
    'src/analysis',
    'src/output',
    'src/trace',
  ],
  'src/cli': [
    'parsers',
    'src/pipeline/analyze-inputs.ts',
    'src/pipeline',
    'src/pipeline/parser-thread.ts',
    'src/files',
    'src/sources',
    'src/detectors',
    'src/analysis',
    'src/output',
    'src/dashboard',
    'src/trace',
    'src/version.ts',
  ],
};

/** Where each package may be imported. */
const PACKAGES: Readonly<Record<string, string>> = {
  execa: 'src/sources/',
  split2: 'src/sources/',
  commander: 'src/cli/',
  blessed: 'src/dashboard/terminal',
};
/** Rooms that do no input or output: not even Node's own modules. */
const PURE = ['src/trace', 'parsers', 'src/model', 'src/detectors', 'src/analysis', 'src/output'];

const IMPORT =
  /^\s*(?:import|export)\b[^'"]*?from\s*['"](?<from>[^'"]+)['"]|\bimport\(\s*['"](?<lazy>[^'"]+)['"]\s*\)|^\s*import\s*['"](?<bare>[^'"]+)['"]/gm;

interface Import {
  readonly file: string;
  readonly target: string;
}

const TYPES_ONLY = /^\s*(?:import|export) type\b[^'"]*?from\s*['"][^'"]+['"]/gm;

/** What a file has loaded with it, and what that has: without types, and without what is imported when it is needed. */
function loadedWith(file: string, known = new Set<string>()): Set<string> {
  if (known.has(file) || !/^(src|parsers)\b/.test(file)) return known;
  known.add(file);
  const text = readFileSync(join(ROOT, file), 'utf8').replace(TYPES_ONLY, '');
  for (const { groups = {} } of text.matchAll(IMPORT)) {
    const specifier = groups.from ?? groups.bare ?? '';
    if (specifier.startsWith('.')) loadedWith(normalize(join(dirname(file), specifier)), known);
  }
  return known;
}

/** Everything below a folder of the repository, except what is fetched or built. */
function allFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return ['node_modules', 'dist', '.git'].includes(entry.name) ? [] : allFiles(path);
  });
}

function sourceFiles(folder: string): string[] {
  return allFiles(folder).filter((path) => path.endsWith('.ts'));
}

function importsOf(file: string): Import[] {
  return [...readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORT)].map(({ groups = {} }) => {
    const specifier = groups.from ?? groups.lazy ?? groups.bare ?? '';
    const target = specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier;
    return { file, target };
  });
}

function roomOf(path: string): string {
  const rooms = Object.keys(MAY_IMPORT).filter((room) => path === room || path.startsWith(`${room}/`));
  return rooms.sort((a, b) => b.length - a.length)[0] ?? path;
}

function mayImport({ file, target }: Import): boolean {
  const from = roomOf(file);
  const to = roomOf(target);
  return from === to || MAY_IMPORT[from]?.includes(to) === true;
}

const IMPORTS = ['src', 'parsers'].flatMap(sourceFiles).flatMap(importsOf);

test('the reader of imports sees all forms of them', () => {
  const seen = IMPORTS.filter(({ file }) => file.startsWith('src/cli/')).map(({ target }) => target);
  assert.ok(seen.includes('commander'));
  assert.ok(seen.includes('src/cli/actions/analyze.ts'), 'lazy import');
  assert.ok(seen.includes('src/pipeline/analyze-inputs.ts'));
  assert.ok(IMPORTS.length > 100);
});

test('imports go in one direction', () => {
  const wrong = IMPORTS.filter(({ target }) => /^(src|parsers)\b/.test(target)).filter((each) => !mayImport(each));
  assert.deepEqual(
    wrong.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test('each package has one room, and pure rooms have none, nor Node modules', () => {
  const packages = IMPORTS.filter(({ target }) => !/^(src|parsers)\b/.test(target));
  const wrong = packages.filter(({ file, target }) => {
    if (target.startsWith('node:')) return PURE.some((room) => file.startsWith(`${room}/`));
    return !file.startsWith(PACKAGES[target] ?? 'nowhere');
  });
  assert.deepEqual(
    wrong.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test('what answers --help loads no detector, no model, no parser and no dashboard', () => {
  const loaded = [...loadedWith('src/cli/main.ts')];
  assert.ok(loaded.includes('src/cli/options/print.ts') && loaded.length > 20, `${loaded.length} files`);
  assert.deepEqual(
    loaded.filter((file) => /^(?:parsers|src\/(?:model|tui|detectors\/[a-z-]+)|src\/detectors\/registry)\b/.test(file)),
    [],
  );
});

test('the program ends in the command line only', () => {
  const ending = sourceFiles('src').filter(
    (file) => !file.startsWith('src/cli/') && /\bprocess\.exit(?:Code)?\b/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(ending, []);
});

test('no file is named after nothing', () => {
  const files = [...sourceFiles('src'), ...sourceFiles('parsers')];
  assert.deepEqual(
    files.filter((file) => /(?:^|\/)(?:utils?|helpers?|common|misc|index)\.ts$/.test(file) && file !== 'src/index.ts'),
    [],
  );
});

test('no file names a package registry or a folder of the machine it was written on', () => {
  const files = allFiles('.').filter(
    (file) => /\.(?:ts|js|json|md|sh|py|conf)$|^\.ci\//.test(file) && file !== 'package-lock.json',
  );
  assert.ok(files.length > 50);
  // In brackets, so that this file does not find itself.
  const forbidden = /[r]egistry\.(?:npmjs|yarnpkg|npmmirror)|[/]work\/[a-z]|[/]home\/[a-z]|[/]root\/[a-z.]/;
  assert.deepEqual(
    files.filter((file) => forbidden.test(readFileSync(join(ROOT, file), 'utf8'))),
    [],
  );
});

test('each dependency has a row in CONTRIBUTING.md, with the version of package.json and a reason', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  const wanted = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8').split('## Dependencies')[1] ?? '';
  const rows = [...page.matchAll(/^\| `([@/\w-]+)` \| ([\d.^~]+) \| (.{15,}) \|$/gm)];
  assert.deepEqual(rows.map(([, name, version]) => [name, version]).toSorted(), wanted.toSorted());
});

/** Lines that are as long as what they hold: regular expressions, tables, links, and captures in a document. */
function mayBeWide(line: string, isDocument: boolean, isFenced: boolean): boolean {
  if (/https?:|\]\([^)]+\)/.test(line)) return true;
  if (isDocument) return isFenced || /^\s*\|/.test(line);
  const isPattern = /\(\?(?:[:!=]|<[!=])|(?:= |\(|: |, |^\s*)\/[^/*].{40,}\//.test(line);
  const isListOfNames = /^\s*'[-%\w ,]+'[ +,;]*$/.test(line);
  return isPattern || isListOfNames;
}

/** Tests hold lines as wide as a tracer made them; what they say in prose is as narrow as elsewhere. */
const PROSE_OF_TESTS = /^\s*(?:\/\/|\/?\*|(?:it|test|describe)\()/;

test('no line is wider than 120 columns, but for regular expressions, tables, links and lines of traces', () => {
  const files = allFiles('.').filter((file) => /\.(?:ts|md)$/.test(file) && !file.startsWith('samples/'));
  assert.ok(files.length > 300);
  const wide = files.flatMap((file) => {
    const isDocument = file.endsWith('.md');
    const mayHoldTraces = file.startsWith('test/') && !isDocument;
    let isFenced = false;
    return readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        if (isDocument && /^\s*(?:```|~~~)/.test(line)) isFenced = !isFenced;
        const isFine = [...line].length <= 120 || mayBeWide(line, isDocument, isFenced);
        return isFine || (mayHoldTraces && !PROSE_OF_TESTS.test(line)) ? [] : [`${file}:${index + 1}`];
      });
  });
  assert.equal(wide.join('\n'), '');
});

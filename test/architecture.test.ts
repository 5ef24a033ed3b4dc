import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { detectors } from '../src/detectors/registry.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The rooms of the model that everybody in it may use: what stands in a trace, and what tells and hears of it. */
const TELLING = ['src/trace', 'src/model/evidence.ts', 'src/model/fact-bus.ts', 'src/model/machine'];
const TOPICS = readdirSync(join(ROOT, 'src/model/topics'), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [`src/model/topics/${entry.name}`] : [],
);
/** What those see of the model who judge it. */
const MODEL = [
  'src/trace',
  'src/model/at-end',
  'src/model/evidence.ts',
  'src/model/fact-bus.ts',
  'src/model/facts.ts',
  'src/model/machine',
  'src/model/measuring',
  'src/model/model.ts',
  'src/model/tracker.ts',
];
/** What every room of the command line may use that does something. */
const BELOW_CLI = [
  'src/hinted-error.ts',
  'src/installation.ts',
  'src/pipeline',
  'src/pipeline/analyze-captures.ts',
  'src/pipeline/analyze-inputs.ts',
  'src/files',
  'src/sources',
  'src/detectors',
  'src/analysis',
  'src/archive',
  'src/comparison',
  'src/output',
  'src/trace',
  'src/version.ts',
];

/**
 * Which room may look into which. A room may always look into itself; the longest matching path is the room of a file.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/trace': [],
  // What every error is that its reader can mend: whoever throws one needs it.
  'src/hinted-error.ts': [],
  // Where files of the package lie: whoever shows or runs one needs it.
  'src/installation.ts': [],
  parsers: ['src/trace'],
  // Where bytes land: what a name stands for, and that nothing of anybody is destroyed. Captures and reports both go
  // through it.
  'src/files': ['src/hinted-error.ts'],
  'src/sources': ['src/files', 'src/hinted-error.ts', 'src/installation.ts', 'src/trace'],
  'src/model/evidence.ts': [],
  // Facts are declared where they are told.
  'src/model/fact-bus.ts': [],
  'src/model/machine': ['src/trace', 'src/model/evidence.ts'],
  'src/model/tracker.ts': TELLING,
  'src/model/audience.ts': ['src/trace', 'src/model/tracker.ts'],
  'src/model/facts.ts': TELLING,
  'src/model/following': [...TELLING, 'src/model/facts.ts', 'src/model/tracker.ts', 'src/model/audience.ts'],
  'src/model/measuring': [...TELLING, 'src/model/tracker.ts'],
  ...Object.fromEntries(TOPICS.map((topic) => [topic, [...TELLING, 'src/model/tracker.ts']])),
  'src/model/model.ts': [
    ...TELLING,
    'src/model/tracker.ts',
    'src/model/audience.ts',
    'src/model/following',
    'src/model/measuring',
  ],
  // What each thread was in when the capture ended: detectors and the tables of the report ask it alike.
  'src/model/at-end': ['src/trace', 'src/model/machine', 'src/model/model.ts', 'src/model/topics/locks'],
  // Which topics: those whose trackers a definition names.
  'src/detectors': [...MODEL, ...TOPICS],
  // Who was waited for, and whether it may have been a thread, is a table of the report, whatever is judged of it.
  'src/analysis': [
    'src/detectors',
    'src/model/topics/dependencies',
    'src/model/topics/names',
    'src/model/topics/pools',
    'src/model/topics/spin',
    ...MODEL,
  ],
  // Two reports side by side.
  'src/comparison': ['src/detectors', 'src/analysis', 'src/trace'],
  // Reports as rows for a database.
  'src/archive': ['src/analysis', 'src/trace'],
  // Formats know where times and results stand in their raw lines.
  'src/output': ['parsers', 'src/analysis', 'src/comparison', 'src/trace'],
  // The dashboard: state, views and the terminal. It is told what happens and says what it wants; it opens no files and
  // starts no threads.
  'src/dashboard': ['src/analysis', 'src/output', 'src/trace'],
  'src/version.ts': ['src/installation.ts'],
  // Puts the rooms together for whoever has bytes: the command line, library users, later live captures.
  'src/pipeline': [
    'src/pipeline/parser-thread.ts',
    'src/pipeline/progress.ts',
    'src/pipeline/analyze-captures.ts',
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
  'src/pipeline/analyze-captures.ts': [
    'src/pipeline',
    'src/pipeline/analyze-inputs.ts',
    'src/pipeline/progress.ts',
    'src/sources',
    'src/analysis',
  ],
  // What users of the library see of the reading: types only.
  'src/pipeline/progress.ts': ['src/analysis'],
  'src/index.ts': [
    'src/pipeline/analyze-captures.ts',
    'src/pipeline/progress.ts',
    'src/sources',
    'src/analysis',
    'src/archive',
    'src/comparison',
    'src/output',
    'src/trace',
  ],
  // How the bundle of the program is loaded.
  'src/cli/starting': [],
  // Where the command line begins and ends: what is typed goes to its command, what is thrown becomes an exit code.
  'src/cli': ['src/cli/commands', 'src/cli/options', 'src/cli/printing', 'src/sources', 'src/version.ts'],
  // A command declares what can be typed and loads its action when it runs: `--help` loads no more than this.
  'src/cli/commands': [
    'src/cli/actions',
    'src/cli/options',
    'src/cli/printing',
    'src/pipeline/parser-thread.ts',
    'src/sources',
  ],
  'src/cli/actions': [
    'src/cli/capture',
    'src/cli/dashboard',
    'src/cli/options',
    'src/cli/printing',
    'src/cli/reading',
    'src/cli/starting',
    ...BELOW_CLI,
  ],
  // What a user named, a capture or a saved report, and the report on it.
  'src/cli/reading': ['src/cli/options', 'src/cli/printing', ...BELOW_CLI],
  // The dashboard in a terminal, of files or of a capture.
  // Formats date their raw lines.
  'src/cli/dashboard': [
    'parsers',
    'src/cli/capture',
    'src/cli/options',
    'src/cli/printing',
    'src/dashboard',
    ...BELOW_CLI,
  ],
  // The life of a live capture: begin, progress, signals, summary, report.
  'src/cli/capture': ['src/cli/options', 'src/cli/printing', ...BELOW_CLI],
  // Reports, progress, errors and exit codes: how they leave the program.
  'src/cli/printing': ['src/cli/options', ...BELOW_CLI],
  // Flags and what they mean. Everybody uses them, so they use nobody.
  'src/cli/options': ['src/hinted-error.ts', 'src/files', 'src/sources', 'src/detectors', 'src/analysis', 'src/trace'],
};

/** Where each package may be imported. */
const PACKAGES: Readonly<Record<string, string>> = {
  execa: 'src/sources/',
  split2: 'src/sources/',
  commander: 'src/cli/',
  blessed: 'src/dashboard/terminal',
};
/** Rooms that do no input or output: not even Node's own modules. */
const PURE = ['src/trace', 'parsers', 'src/model', 'src/detectors', 'src/analysis', 'src/comparison', 'src/output'];

const IMPORT =
  /^\s*(?:import|export)\b[^'"]*?from\s*['"](?<from>[^'"]+)['"]|\bimport\(\s*['"](?<lazy>[^'"]+)['"]\s*\)|^\s*import\s*['"](?<bare>[^'"]+)['"]/gm;

interface Import {
  readonly file: string;
  readonly target: string;
  /** Loaded when it is needed. */
  readonly isLazy: boolean;
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
    return { file, target, isLazy: groups.lazy !== undefined };
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

/** Rooms of `parsers` that hold a format, and those that every format may use. */
const isFormat = (room: string): boolean =>
  allFiles(join('parsers', room)).includes(join('parsers', room, 'format.ts'));
const PARSER_ROOMS = readdirSync(join(ROOT, 'parsers'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test('a format looks into no other format, and shared parts of parsers into none', () => {
  const rooms = PARSER_ROOMS.filter(isFormat);
  assert.ok(rooms.length >= 4 && PARSER_ROOMS.length > rooms.length, String(rooms));
  const roomIn = (path: string): string => path.split('/')[1] ?? '';
  const wrong = IMPORTS.filter(
    ({ file, target }) =>
      /^parsers\/.+\//.test(file) && rooms.includes(roomIn(target)) && roomIn(file) !== roomIn(target),
  );
  // Nor does a part ask which formats there are.
  const asking = IMPORTS.filter(({ file, target }) => /^parsers\/.+\//.test(file) && target === 'parsers/registry.ts');
  assert.deepEqual(
    [...wrong, ...asking].map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test('a detector looks into a topic only when its definition names a tracker of it', () => {
  const topicOf = (path: string): string => /^src\/model\/topics\/([^/]+)\//.exec(path)?.[1] ?? '';
  const topicOfClass = new Map(
    sourceFiles('src/model/topics').flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^export class (\w+)/gm)].map(([, name]) => [
        name,
        topicOf(file),
      ]),
    ),
  );
  const named = new Map(
    detectors.map(({ kind, trackers = [] }) => [kind as string, trackers.map(({ name }) => topicOfClass.get(name))]),
  );
  const readers = IMPORTS.filter(({ file, target }) => file.startsWith('src/detectors/') && topicOf(target) !== '');
  assert.ok(readers.length > 5);
  assert.deepEqual(
    readers.filter(({ file, target }) => !named.get(file.split('/')[2] ?? '')?.includes(topicOf(target))),
    [],
  );
  // Nor is anything followed that no detector asks for.
  assert.deepEqual(
    TOPICS.filter((topic) => ![...named.values()].flat().includes(topic.slice('src/model/topics/'.length))),
    [],
  );
});

/** Groups of files of which each leads back to itself over the others. */
function ringsOf(imports: readonly Import[]): string[][] {
  const next = new Map<string, Set<string>>();
  for (const { file, target } of imports) {
    const targets = next.get(file) ?? new Set();
    next.set(file, targets.add(target));
  }
  const reachedFrom = (start: string): Set<string> => {
    const reached = new Set<string>();
    const open = [...(next.get(start) ?? [])];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      if (reached.has(file)) continue;
      reached.add(file);
      open.push(...(next.get(file) ?? []));
    }
    return reached;
  };
  const reached = new Map([...next.keys()].map((file) => [file, reachedFrom(file)]));
  const inRing = [...reached].filter(([file, all]) => all.has(file)).map(([file]) => file);
  const rings = new Map<string, string[]>();
  for (const file of inRing) {
    const ring = inRing.filter((other) => reached.get(file)?.has(other) && reached.get(other)?.has(file)).sort();
    rings.set(ring.join(' '), ring);
  }
  return [...rings.values()];
}

test('a ring of imports is found, types included', () => {
  const ring = ['a imports b', 'b imports c', 'c imports a', 'c imports d', 'd imports e'].map((each) => {
    const [file = '', , target = ''] = each.split(' ');
    return { file, target, isLazy: false };
  });
  assert.deepEqual(ringsOf(ring), [['a', 'b', 'c']]);
});

test('no files import each other, types included', () => {
  // A command loads its action when it runs; until then the two are in no ring.
  assert.deepEqual(ringsOf(IMPORTS.filter(({ target, isLazy }) => /^(src|parsers)\b/.test(target) && !isLazy)), []);
});

test('the layers of the machine are as src/model/README.md draws them: no file imports from one above its own', () => {
  const machine = 'src/model/machine';
  const page = readFileSync(join(ROOT, 'src/model/README.md'), 'utf8').split('## The layers of `machine`')[1] ?? '';
  const lines =
    page
      .split('\n## ')[0]
      ?.split(/^\d+\. /m)
      .slice(1) ?? [];
  const layers = lines.map((line) => [...line.matchAll(/`([a-z-]+)`/g)].map(([, name]) => `${machine}/${name}.ts`));
  assert.ok(layers.length >= 5, `${layers.length} layers`);
  assert.deepEqual(layers.flat().toSorted(), sourceFiles(machine).toSorted(), 'each file stands in one layer');
  const layerOf = (file: string): number => layers.findIndex((layer) => layer.includes(file));
  const upwards = IMPORTS.filter(({ file, target }) => layerOf(file) >= 0 && layerOf(target) > layerOf(file));
  assert.deepEqual(
    upwards.map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
});

test('a command of the command line is loaded before its action, and its action when it runs', () => {
  const commands = sourceFiles('src/cli/commands');
  assert.ok(commands.length > 5);
  for (const file of commands) {
    const loaded = [...loadedWith(file)].filter((other) => /^src\/cli\/(?:actions|capture|dashboard)\b/.test(other));
    assert.deepEqual(loaded, [], file);
    const action = file.replace('/commands/', '/actions/');
    assert.ok(
      IMPORTS.some((each) => each.file === file && each.target === action),
      `${file} runs ${action}`,
    );
    assert.deepEqual(
      IMPORTS.filter(({ target }) => target === file).map((each) => each.file),
      ['src/cli/program.ts'],
    );
  }
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
    loaded.filter((file) =>
      /^(?:parsers|src\/(?:model|dashboard|detectors\/(?!kinds\b)[a-z-]+)|src\/detectors\/registry)\b/.test(file),
    ),
    [],
  );
});

test('who judges asks the arguments of a call and reads no text of theirs', () => {
  const rooms = ['src/model', 'src/detectors', 'src/analysis', 'src/output', 'src/pipeline'];
  const reading = rooms.flatMap(sourceFiles).filter((file) => {
    // It carries calls that had not returned to another thread as they were written.
    if (file === 'src/pipeline/parser-worker.ts') return false;
    return /\.(?:args|returnedText)\b|\bcall\.returned\b|\barguments\.text\b/.test(
      readFileSync(join(ROOT, file), 'utf8'),
    );
  });
  assert.deepEqual(reading, []);
  const grammar = IMPORTS.filter(
    ({ file, target }) => !file.startsWith('parsers/') && target.endsWith('strace-text.ts'),
  );
  assert.deepEqual(grammar, []);
});

test('numbers that people read are written by src/trace/format-numbers.ts', () => {
  const writers = [...sourceFiles('src'), ...sourceFiles('parsers')].filter((file) =>
    /\.(?:toFixed|toPrecision|toLocaleString)\(/.test(readFileSync(join(ROOT, file), 'utf8')),
  );
  assert.deepEqual(writers.toSorted(), [
    // Stamps and durations as strace prints them.
    'parsers/bpftrace/parser.ts',
    'parsers/timeline/printed-call.ts',
    // Runs in a browser, which has none of our modules.
    'src/output/html/page-assets.ts',
    'src/sources/live/bpftrace-engine.ts',
    'src/sources/live/strace-engine.ts',
    'src/trace/format-numbers.ts',
  ]);
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

/** Where types are exported, by name. Modules of `assembly` are compiled apart. */
const EXPORTED = [...sourceFiles('src'), ...sourceFiles('parsers')]
  .filter((file) => !file.includes('/assembly/'))
  .flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^export (?:abstract )?(?:interface|class|type) (\w+)/gm)].map(
      ([, name = '']) => ({ file, name }),
    ),
  );

/** Types that another room imports although a third file exports one of that name; `exported` in the order of files. */
function ambiguous(exported: typeof EXPORTED, crossing: (file: string, name: string) => boolean): string[] {
  return exported
    .filter(({ file, name }) => crossing(file, name))
    .flatMap(({ file, name }) =>
      exported.filter((other) => other.name === name && other.file !== file).map((other) => [name, file, other.file]),
    )
    .map((each) => each.join(' '));
}

test('a type that another room imports has a name of its own', () => {
  const made = [
    { name: 'Step', file: 'src/one/step.ts' },
    { name: 'Step', file: 'src/two/step.ts' },
    { name: 'Row', file: 'src/two/row.ts' },
  ];
  assert.deepEqual(
    ambiguous(made, (file) => file.startsWith('src/two')),
    ['Step src/two/step.ts src/one/step.ts'],
  );
  const imported = new Set(
    [...sourceFiles('src'), ...sourceFiles('parsers')].flatMap((file) =>
      [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^import\b([^'"]*?)from\s*['"](\.[^'"]+)['"]/gm)].flatMap(
        ([, names = '', specifier = '']) => {
          const target = normalize(join(dirname(file), specifier));
          if (dirname(target) === dirname(file)) return [];
          return [...names.matchAll(/\w+/g)].map(([name]) => `${target} ${name}`);
        },
      ),
    ),
  );
  assert.ok(imported.has('src/trace/record.ts Call') && EXPORTED.length > 300, `${EXPORTED.length} types`);
  // It is made from the list of detectors, so that who only names kinds need not load them.
  const isMade = (file: string): boolean => file === 'src/detectors/kinds.ts';
  assert.deepEqual(
    ambiguous(
      EXPORTED.filter(({ file }) => !isMade(file)),
      (file, name) => imported.has(`${file} ${name}`),
    ),
    [],
  );
});

/** Folders of a room and of the rooms in it. */
function foldersIn(folder: string): string[] {
  const inside = readdirSync(join(ROOT, folder), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return inside.flatMap(({ name }) => [join(folder, name), ...foldersIn(join(folder, name))]);
}

/** What the first lines of a page say below its title: a sentence, or a table. */
function saysWhatBelongs(page: string): boolean {
  const [title = '', ...lines] = page.split('\n').slice(0, 12);
  return /^# \S/.test(title) && lines.some((line) => !line.startsWith('#') && line.split(/\s+/).length >= 5);
}

/** Whether a page says of a room in it what belongs there: its name, and at least three words in the same line. */
function namesRoom(page: string, room: string): boolean {
  return new RegExp(`(?:\`|^)(?:[\\w-]+/)*${room}(?:/NAME)?/?(?:\`|\\s{2,})(?:.*?[a-z]{2,}){3}`, 'm').test(page);
}

test('every room says what belongs in it: in the first lines of its page, or in a line of the page above it', () => {
  assert.ok(saysWhatBelongs('# Room\n\nOne sentence on what belongs here.\n'));
  assert.ok(!saysWhatBelongs('# Room\n\n## A long title of a part\n'));
  assert.ok(namesRoom('| `room/` | what belongs in it |\n', 'room') && namesRoom('room/   what belongs there', 'room'));
  assert.ok(!namesRoom('| `room/` | |\n', 'room') && !namesRoom('| `bedroom` | what belongs in it |\n', 'room'));
  const pageAbove = (folder: string): string => {
    const page = join(ROOT, dirname(folder), 'README.md');
    return existsSync(page) ? readFileSync(page, 'utf8') : pageAbove(dirname(folder));
  };
  const rooms = ['src', 'parsers'].flatMap((folder) => [folder, ...foldersIn(folder)]);
  assert.ok(rooms.length > 80, `${rooms.length} rooms`);
  const silent = rooms.filter((folder) => {
    const page = join(ROOT, folder, 'README.md');
    return existsSync(page)
      ? !saysWhatBelongs(readFileSync(page, 'utf8'))
      : !namesRoom(pageAbove(folder), basename(folder));
  });
  assert.deepEqual(silent, []);
});

/** A room of more files is a drawer unless its page says of each what it is there for. */
const FEW_FILES = 16;

/** Which of these files a page does not name: `text*.ts` names all that begin so. */
function unnamed(page: string, files: readonly string[]): string[] {
  const names = [...page.matchAll(/(?<![\w*./-])([\w*.-]+\.ts)\b/g)].map(([, name = '']) => name.split('*'));
  const isNamed = (file: string): boolean =>
    names.some(([first = '', ...rest]) =>
      rest.length === 0 ? file === first : file.startsWith(first) && file.endsWith(rest.at(-1) ?? ''),
    );
  return files.filter((file) => !isNamed(file));
}

test('no large room is a drawer: its page names each file of it', () => {
  assert.deepEqual(unnamed('`a.ts`, `text*.ts`, `*-of.ts`', ['a.ts', 'b.ts', 'text-b.ts', 'c-of.ts']), ['b.ts']);
  // Pages draw their files in blocks, too; a file of another room is named with its path.
  assert.deepEqual(unnamed('  a.ts  b.ts\n `../other/c.ts`', ['a.ts', 'b.ts', 'c.ts']), ['c.ts']);
  const large = ['src', 'parsers']
    .flatMap((folder) => foldersIn(folder))
    .filter((folder) => existsSync(join(ROOT, folder, 'README.md')))
    .map((folder) => {
      const files = readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.ts'));
      return { folder, files };
    })
    .filter(({ files }) => files.length > FEW_FILES);
  assert.ok(large.length >= 10, `${large.length} rooms`);
  const drawers = large.flatMap(({ folder, files }) =>
    unnamed(readFileSync(join(ROOT, folder, 'README.md'), 'utf8'), files).map((file) => `${folder}/${file}`),
  );
  assert.deepEqual(drawers, []);
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
  const rows = [...page.matchAll(/^\| `([@/\w-]+)` \| ([\d.^~]+(?:-r\.\d+)?) \| (.{15,}) \|$/gm)];
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

/** What records, is recorded, traces and checks: captures themselves end in other letters. */
const PROGRAMS = /\.(?:py|sh|bt|mjs)$|^\.ci\//;
/** bpftrace puts no format together of two strings. */
const FORMAT = /^\s*printf\("[^"]+",$/;

test('no line is wider than 120 columns, but for regular expressions, tables, links and lines of traces', () => {
  const files = allFiles('.').filter(
    (file) => (/\.(?:ts|md)$/.test(file) && !file.startsWith('samples/')) || PROGRAMS.test(file),
  );
  assert.ok(files.length > 300);
  for (const end of ['.ci/check', '.py', '.sh', '.bt']) {
    assert.ok(
      files.some((file) => file.endsWith(end)),
      end,
    );
  }
  const wide = files.flatMap((file) => {
    const isDocument = file.endsWith('.md');
    const mayHoldTraces = file.startsWith('test/') && file.endsWith('.ts');
    let isFenced = false;
    return readFileSync(join(ROOT, file), 'utf8')
      .split('\n')
      .flatMap((line, index) => {
        if (isDocument && /^\s*(?:```|~~~)/.test(line)) isFenced = !isFenced;
        const mayBe = PROGRAMS.test(file) ? FORMAT.test(line) : mayBeWide(line, isDocument, isFenced);
        const isFine = [...line].length <= 120 || mayBe;
        return isFine || (mayHoldTraces && !PROSE_OF_TESTS.test(line)) ? [] : [`${file}:${index + 1}`];
      });
  });
  assert.equal(wide.join('\n'), '');
});

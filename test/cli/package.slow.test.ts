import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundledPrograms } from '../../src/sources/bundled-programs.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = temporaryFolder();

/** What `npm pack` would put into the package, as it is built now. */
function packedFiles(): string[] {
  const listing = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  // An older npm gives a list, a newer one an object by package name.
  const [packed] = Object.values(
    JSON.parse(listing) as Readonly<Record<string, { readonly files: readonly { readonly path: string }[] }>>,
  );
  return (packed?.files ?? []).map(({ path }) => path);
}

const FILES = packedFiles();

test('the package holds the program, its bpftrace programs, the page of every detector and the schema', () => {
  const pages = readdirSync(join(ROOT, 'src/detectors'))
    .map((kind) => `src/detectors/${kind}/README.md`)
    .filter((path) => existsSync(join(ROOT, path)));
  for (const path of [
    'bin/drover.js',
    'bin/package.json',
    'dist/bundle/drover.cjs',
    'dist/bundle/start.cjs',
    'dist/bundle/index.js',
    'dist/bundle/parser-worker.js',
    'dist/bundle/analysis-worker.js',
    'src/analysis/report.schema.json',
    'package.json',
    'LICENSE',
    ...readdirSync(join(ROOT, 'src/sources/bpftrace'))
      .filter((name) => name.endsWith('.bt'))
      .map((name) => `src/sources/bpftrace/${name}`),
    ...pages,
  ]) {
    assert.ok(FILES.includes(path), path);
  }
});

test('the package holds neither tests, nor sources, nor source maps, and of the samples what its README shows', () => {
  assert.deepEqual(
    FILES.filter((path) => /^(?:dist\/)?(?:test|samples)\/|\.map$|(?<!\.d)\.ts$|tsbuildinfo|\.cache$/.test(path)),
    [
      'samples/distracted-worker/trace.strace.gz',
      'samples/hang-gunicorn-sync/trace.strace.gz',
      'test/screenshot/page.png',
      'test/screenshot/timeline.png',
      'test/screenshot/triage.svg',
    ],
  );
});

test('what is in the package is enough to run', () => {
  for (const path of FILES) cpSync(join(ROOT, path), join(FOLDER, path));
  symlinkSync(join(ROOT, 'node_modules'), join(FOLDER, 'node_modules'));
  const drover = join(FOLDER, 'bin/drover.js');
  const words = [drover, '--json', join(ROOT, 'samples/distracted-worker/trace.strace.gz')];
  const report = execFileSync(process.execPath, words, { encoding: 'utf8' });
  assert.equal(JSON.parse(report).schemaVersion, 1);
  assert.ok(existsSync(join(FOLDER, 'dist/bundle/drover.cjs.cache')), 'compiled code is kept for the next start');
  assert.equal(execFileSync(process.execPath, words, { encoding: 'utf8' }), report);
  assert.match(execFileSync(process.execPath, [drover, 'explain'], { encoding: 'utf8' }), /thresholds/);
});

test('a link on the PATH runs the program, as the README says', () => {
  const link = join(FOLDER, 'drover');
  symlinkSync(join(ROOT, 'bin/drover.js'), link);
  const env = { ...process.env, PATH: `${FOLDER}:${dirname(process.execPath)}:${process.env.PATH}` };
  assert.match(execFileSync('sh', ['-c', 'drover explain'], { encoding: 'utf8', env }), /thresholds/);
});

/** Links of a Markdown file to files, as paths from the top. */
function linksOf(page: string): string[] {
  const targets = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/\]\((?!https?:|#)([^)\s#]+)/g)].map(
    ([, target = '']) => target,
  );
  return targets.map((target) => normalize(join(dirname(page), target)));
}

/** What a path of a page can be checked by: the folders of the repository. */
const PATH = /(?<![\w./-])(?:bin|dist|parsers|samples|src|test)\/[\w./*-]*\w/g;

test('every file that the published README names is in the package, in links and in commands', () => {
  const named = [...linksOf('README.md'), ...(readFileSync(join(ROOT, 'README.md'), 'utf8').match(PATH) ?? [])];
  assert.ok(
    named.includes('samples/distracted-worker/trace.strace.gz') &&
      named.includes('CONTRIBUTING.md') &&
      named.includes('SECURITY.md'),
  );
  assert.deepEqual(
    [...new Set(named)].filter((path) => !FILES.includes(path)),
    [],
  );
});

test('no page of the package links to a file that is not in it', () => {
  const pages = FILES.filter((path) => path.endsWith('.md'));
  assert.ok(pages.length > 20);
  const dead = pages.flatMap((page) =>
    linksOf(page)
      .filter((target) => !FILES.includes(target))
      .map((target) => `${page}: ${target}`),
  );
  assert.deepEqual(dead, []);
});

test('nothing of the package runs when it is installed', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const atInstallation = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare'];
  assert.deepEqual(
    atInstallation.filter((name) => name in scripts),
    [],
  );
  assert.ok(!existsSync(join(ROOT, 'binding.gyp')));
  // In the repository `npm ci` and `npm install` still build: this one runs there, and nowhere else.
  assert.equal(scripts.prepublish, 'npm run --silent build');
});

/** The declarations that users of the library are led to from the entry, and what these import from elsewhere. */
function declarations(built: string): { readonly reached: readonly string[]; readonly foreign: readonly string[] } {
  const reached = new Set<string>();
  const foreign: string[] = [];
  for (const open = ['dist/src/index.d.ts']; ; ) {
    const path = open.pop();
    if (path === undefined) return { reached: [...reached].sort(), foreign };
    if (reached.has(path)) continue;
    reached.add(path);
    for (const [, from = ''] of readFileSync(join(built, path), 'utf8').matchAll(/(?:from |import\()'([^']+)'/g)) {
      if (from.startsWith('.')) open.push(normalize(join(dirname(path), from.replace(/\.[jt]s$/, '.d.ts'))));
      else foreign.push(`${path}: ${from}`);
    }
  }
}

test('the types need nothing that is not in the package, not even Node, and nothing else comes with them', () => {
  const consumer = join(FOLDER, 'consumer');
  const installed = join(consumer, 'node_modules/drover');
  const compiler = join(ROOT, 'node_modules/.bin/tsc');
  mkdirSync(installed, { recursive: true });
  execFileSync(
    compiler,
    ['--declaration', '--emitDeclarationOnly', '--incremental', 'false', '--outDir', join(FOLDER, 'typed/dist')],
    {
      cwd: ROOT,
    },
  );
  const { reached, foreign } = declarations(join(FOLDER, 'typed'));
  assert.deepEqual(foreign, []);
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly files: readonly string[];
  };
  assert.deepEqual(manifest.files.filter((path) => path.endsWith('.d.ts')).toSorted(), reached);
  for (const path of reached) cpSync(join(FOLDER, 'typed', path), join(installed, path));
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  writeFileSync(join(consumer, 'package.json'), '{"type": "module"}');
  const compilerOptions = {
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2022'],
    types: [],
    strict: true,
    skipLibCheck: false,
    noEmit: true,
  };
  writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['uses.ts'] }));
  const exported = [
    ...readFileSync(join(ROOT, 'src/analysis/report.ts'), 'utf8').matchAll(/^export interface (\w+)/gm),
  ].map(([, name]) => name);
  assert.ok(exported.length > 8);
  const uses = `import { analyzeFiles, InputError, type Activity, type Kind, type Metric, type Progress } from 'drover';
import type { ${exported.join(', ')} } from 'drover';
const hooks = { progress: (at: Progress) => void (at.activity() satisfies Activity | null) };
const report: Report = await analyzeFiles(['trace'], { pids: [1] }, hooks);
const grade: 'good' | 'partial' | 'poor' = report.quality.grade;
type Any = Finding | CallStatistics | Worker | Kind | Metric | InputError;
export const all: readonly Any[] = [...report.findings, ...report.calls, grade];
`;
  const compile = (text: string): void => {
    writeFileSync(join(consumer, 'uses.ts'), text);
    execFileSync(compiler, ['-p', consumer], { stdio: 'pipe' });
  };
  compile(uses);
  // And it would have noticed.
  assert.throws(() => compile(`${uses}export const bytes: Buffer = report.findings;\n`));
});

test('programs that others run are packed as they are in the repository; doctor prints their sums', async () => {
  const programs = bundledPrograms();
  const inRepository = ['bpftrace', 'recipe'].flatMap((folder) =>
    readdirSync(join(ROOT, 'src/sources', folder))
      .filter((name) => /\.(?:bt|sh)$/.test(name))
      .map((name) => `src/sources/${folder}/${name}`),
  );
  assert.deepEqual(programs.map(({ path }) => path).toSorted(), inRepository.toSorted());
  const { stdout } = await runDrover(['doctor']);
  const page = readFileSync(join(ROOT, 'src/sources/bpftrace/README.md'), 'utf8');
  for (const { path, sha256 } of programs) {
    assert.ok(FILES.includes(path), path);
    assert.ok(page.includes(`| \`${path}\` |`), `${path} has no line in the page that says what it does`);
    assert.equal(
      sha256,
      createHash('sha256')
        .update(readFileSync(join(ROOT, path)))
        .digest('hex'),
    );
    assert.ok(stdout.includes(`  ${sha256}  ${path}\n`), path);
  }
});

test('npm i -g of the packed file puts the command on the PATH and its page where man looks', () => {
  const packed = join(FOLDER, 'packed');
  const prefix = join(FOLDER, 'prefix');
  for (const path of FILES) cpSync(join(ROOT, path), join(packed, path));
  // The packages that it needs come from the registry; here they are those of the repository.
  const manifest = { ...JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')), dependencies: {} };
  writeFileSync(join(packed, 'package.json'), JSON.stringify(manifest));
  mkdirSync(prefix);
  const npm = (...words: readonly string[]): string =>
    execFileSync('npm', words, { cwd: packed, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const archive = npm('pack', '--ignore-scripts').trim().split('\n').at(-1) ?? '';
  npm('install', '-g', '--prefix', prefix, '--offline', '--no-audit', '--no-fund', join(packed, archive));
  const installed = join(prefix, 'lib/node_modules/drover');
  symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
  const command = join(prefix, 'bin/drover');
  const report = execFileSync(command, [join(installed, 'samples/distracted-worker/trace.strace.gz')], {
    encoding: 'utf8',
    env: { PATH: dirname(process.execPath), HOME: FOLDER },
  });
  assert.match(report, /GET \/b holds worker 4870 up to 1\.00 s/);
  assert.match(readFileSync(join(prefix, 'share/man/man1/drover.1'), 'utf8'), /^\.TH DROVER 1/m);
});

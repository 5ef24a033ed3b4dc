import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { hostInName, openCaptures } from '../../src/sources/open-captures.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const TRACE = '4711 1795197672.075366 close(7) = 0 <0.000011>\n';

/** Writes files and gives the names of the hosts that they are captures of. */
function hostsOf(files: Readonly<Record<string, string>>, named = Object.keys(files)): readonly string[] {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, text);
  }
  return openCaptures(named.map((name) => join(folder, name))).map(({ host }) => host);
}

test('a host is called after its file, or after the folder where files are called alike', () => {
  assert.deepEqual(hostsOf({ 'web-1.strace.gz': TRACE, 'web-2.strace': TRACE }), ['web-1', 'web-2']);
  assert.deepEqual(hostsOf({ 'web-1/trace.strace': TRACE, 'web-2/trace.strace': TRACE }), ['web-1', 'web-2']);
});

test('a file whose name says nothing is called after its folder, where that was named', () => {
  assert.deepEqual(hostsOf({ 'web-1/trace.strace.gz': TRACE }), ['web-1']);
  assert.deepEqual(hostsOf({ 'web-1/incident.strace': TRACE }), ['incident']);
  assert.deepEqual(hostsOf({ 'tmp/trace.strace': TRACE }), ['trace']);
  assert.equal(hostInName('trace.strace'), 'trace');
});

test('a name that drover gave holds the name of the host', () => {
  assert.deepEqual(
    hostsOf({ 'drover-web-1-20261120T021337-0815.trace': TRACE, 'drover-db-2-20261120T021341-4711.trace': TRACE }),
    ['web-1', 'db-2'],
  );
});

test('what a recipe noted is the name of the host, whatever its folder is called', () => {
  const facts = (host: string): string => `\n== time\n\t1795197672.1\n\n== host\n\t${host}\n\n== kernel\n\tLinux 6.1\n`;
  assert.deepEqual(
    hostsOf(
      {
        'a/trace.strace': TRACE,
        'a/facts-before.txt': facts('web-1.example'),
        'b/trace.strace': TRACE,
        'b/facts-before.txt': facts('web-2.example'),
        'c/trace.strace': TRACE,
        'c/facts-before.txt': facts('bad name\x1b[2J'),
      },
      ['a', 'b', 'c'],
    ),
    ['web-1.example', 'web-2.example', 'c'],
  );
});

test('several captures of one host are told apart by their files', () => {
  const names = ['drover-web-1-20261120T021337-0815.trace', 'drover-web-1-20261120T031337-0816.trace'];
  assert.deepEqual(
    hostsOf(Object.fromEntries(names.map((name) => [name, TRACE]))),
    names.map((name) => name.replace('.trace', '')),
  );
});

test('a directory with a folder for each host is read as hosts, however deep ansible put the files', () => {
  const names = [
    'fleet/web-1/trace.strace',
    'fleet/web-2/opt/captures/trace.strace',
    'fleet/web-3/t.17',
    'fleet/web-3/t.19',
  ];
  assert.deepEqual(hostsOf(Object.fromEntries(names.map((name) => [name, TRACE])), ['fleet']), [
    'web-1',
    'web-2',
    'web-3',
  ]);
});

test('a directory of names that drover gave, or of files that are traces, is read as hosts', () => {
  const names = [
    'fleet/drover-capture-web-1-20261120T021337-0815/trace.strace',
    'fleet/drover-web-2-20261120T021341-4711.trace',
    'fleet/10.0.0.17.strace.gz',
    'fleet/pod-7f9c.bpftrace',
  ];
  assert.deepEqual(hostsOf(Object.fromEntries(names.map((name) => [name, TRACE])), ['fleet']), [
    '10.0.0.17',
    'web-1',
    'web-2',
    'pod-7f9c',
  ]);
});

test('two captures of one folder are told apart', () => {
  const names = ['fleet/web-1/a.strace', 'fleet/web-1/b.strace', 'fleet/web-2/a.strace'];
  const hosts = hostsOf(Object.fromEntries(names.map((name) => [name, TRACE])), ['fleet']);
  assert.equal(new Set(hosts).size, 3, hosts.join());
});

test('files that are called after addresses are captures of hosts, not threads of one trace', () => {
  const names = ['10.0.0.17', '10.0.0.19.gz'];
  assert.deepEqual(
    hostsOf(Object.fromEntries(names.map((name) => [name, TRACE]))),
    names.map((name) => name.replace('.gz', '')),
  );
});

test('a directory of strace -ff stays one capture, whatever else is in it, and what is not read is said', () => {
  const folder = temporaryFolder();
  for (const name of [
    'ff/t.17',
    'ff/t.19',
    'ff/web-2.strace',
    'recipe/trace.strace',
    'recipe/facts-before.txt',
    'recipe/web-2.strace',
  ]) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), TRACE);
  }
  const [threads, ...noMore] = openCaptures([join(folder, 'ff')]);
  assert.deepEqual(noMore, []);
  assert.deepEqual(
    threads?.set.inputs.map(({ tid }) => tid),
    [17, 19],
  );
  assert.match(
    threads?.set.notices.join() ?? '',
    /Not read in .*ff, because their names are not NAME\.PID: web-2\.strace/,
  );
  const [recipe, ...others] = openCaptures([join(folder, 'recipe')]);
  assert.deepEqual(others, []);
  assert.equal(recipe?.set.inputs.length, 1);
  assert.deepEqual(recipe?.set.notices, [
    `${join(folder, 'recipe')} is one capture. Not read in it: web-2.strace. To read them, name them.`,
  ]);
});

test('what a directory of hosts holds besides is said, but for the packed copy of what was read', () => {
  const folder = temporaryFolder();
  const own = 'drover-capture-web-1-20261120T021337-0815';
  for (const name of [`${own}/trace.strace`, `${own}.tar.gz`, 'web-2.strace', 'notes.txt', '.drover-x/trace.strace']) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), TRACE);
  }
  const captures = openCaptures([folder]);
  assert.deepEqual(
    captures.map(({ host }) => host),
    ['web-1', 'web-2'],
  );
  assert.deepEqual(captures[0]?.set.notices, [
    `Not read in ${folder}, because their names are not those of captures: notes.txt.`,
  ]);
  const packed = join(temporaryFolder(), 'packed');
  mkdirSync(packed);
  writeFileSync(join(packed, `${own}.tar.gz`), '');
  assert.throws(() => openCaptures([packed]), {
    hint: `Unpack: tar -xf ${join(packed, `${own}.tar.gz`)} -C ${packed} && drover ${packed}`,
  });
  writeFileSync(join(packed, 'web-2.tgz'), '');
  assert.throws(() => openCaptures([packed]), {
    hint: `Unpack: for each in ${packed}/*.t*; do tar -xf "$each" -C ${packed}; done && drover ${packed}`,
  });
});

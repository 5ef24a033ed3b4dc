import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { openCaptures } from '../../src/sources/open-captures.ts';
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

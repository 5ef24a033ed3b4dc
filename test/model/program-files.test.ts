import assert from 'node:assert/strict';
import { it } from 'node:test';
import { isProgramFile, moduleOf, packageOf } from '../../src/model/topics/loading/program-files.ts';

it('program files are told by their ending', () => {
  for (const path of [
    '/a/b.py',
    '/a/b.pyc',
    '/lib/libz.so',
    '/lib/libz.so.1.2.13',
    '/a/b.rb',
    '/a/b.js',
    '/a/b.mjs',
    '/a/b.php',
    '/a/b.jar',
  ])
    assert.ok(isProgramFile(path), path);
  for (const path of [
    '/a/b.pyx',
    '/a/b.json',
    '/a/so',
    '/a/b.so.conf',
    '/a/b.php5',
    '/a.py/b',
    '/a/b.cpython-311.pyc.140213',
    '',
  ])
    assert.ok(!isProgramFile(path), path);
});

it('a source and what was compiled of it are one module', () => {
  assert.equal(moduleOf('/srv/__pycache__/app.cpython-311.pyc'), '/srv/app.py');
  assert.equal(moduleOf('/srv/__pycache__/app.cpython-313.opt-2.pyc'), '/srv/app.py');
  assert.equal(moduleOf('/srv/__pycache__/app.pypy39.pyc'), '/srv/app.py');
  assert.equal(moduleOf('/srv/app.pyc'), '/srv/app.py');
  assert.equal(moduleOf('/srv/app.py'), '/srv/app.py');
  assert.equal(moduleOf('/srv/lib.so.1'), '/srv/lib.so.1');
});

it('a package is named as an import names it', () => {
  const packages: readonly (readonly [string, string])[] = [
    ['/usr/lib/python3/dist-packages/flask/__pycache__/app.cpython-311.pyc', 'flask'],
    ['/usr/lib/python3.11/__pycache__/pydoc.cpython-311.pyc', 'pydoc'],
    ['/usr/lib/python3.11/asyncio/__pycache__/base_events.cpython-311.pyc', 'asyncio'],
    ['/usr/lib/python3.11/lib-dynload/termios.cpython-311-x86_64-linux-gnu.so', 'termios'],
    ['/opt/venv/lib/python3.12/site-packages/numpy/core/_multiarray.cpython-312-x86_64-linux-gnu.so', 'numpy'],
    ['/var/lib/gems/3.1.0/gems/rack-2.2.4/lib/rack.rb', 'rack'],
    ['/srv/node_modules/express/lib/router.js', 'express'],
    ['/srv/shop/prices.py', 'prices'],
    ['/usr/lib/x86_64-linux-gnu/libgcc_s.so.1', ''],
  ];
  for (const [path, name] of packages) assert.equal(packageOf(path), name, path);
});

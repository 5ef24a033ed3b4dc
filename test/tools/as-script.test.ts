import assert from 'node:assert/strict';
import test from 'node:test';
import { asScript } from './as-script.ts';

/** Runs a script as the program does, and gives what it exports and which modules it imported. */
async function ran(module: string): Promise<{ readonly exports: Record<string, unknown>; readonly names: string[] }> {
  const exports: Record<string, unknown> = {};
  const names: string[] = [];
  const given = { one: 1, two: 2 };
  const required = (name: string): unknown => {
    names.push(name);
    return given;
  };
  const imported = async (name: string): Promise<unknown> => required(`import ${name}`);
  new Function('exports', 'require', '__import', asScript(module))(exports, required, imported);
  await new Promise(setImmediate);
  return { exports, names };
}

test('what a module exports under other names, its script exports too', async () => {
  const { exports } = await ran('import{one as a,two}from"./chunk-A1.js";let sum=a+two;export{sum as three,a};');
  assert.deepEqual(exports, { three: 3, a: 1 });
});

test('parts of the bundle are scripts, packages and modules of Node are what they were', async () => {
  const { names } = await ran('import"./a-B2.js";import{one}from"node:fs";import all from"split2";');
  assert.deepEqual(names, ['./a-B2.cjs', 'node:fs', 'split2']);
});

test('what is imported later is: parts as scripts, modules of Node and packages as modules', async () => {
  const { names } = await ran('import("./late-C3.js");import("node:crypto");import("execa");import("@a/b");');
  assert.deepEqual(names.toSorted(), ['./late-C3.cjs', 'import @a/b', 'import execa', 'import node:crypto']);
});

test('a form that nobody thought of is no script, instead of one that fails when somebody needs it', () => {
  for (const module of ['import(name);', 'export let a=1;', 'export*from"./a.js";', 'import*as all,{one}from"./a.js";'])
    assert.throws(() => asScript(module), module);
});

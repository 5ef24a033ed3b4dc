import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { functionsAt, sourceName } from '../../../src/sources/live/code/elf-symbols.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const FOLDER = temporaryFolder();
const TEXT = 0x1000;
const LOADED_AT = 0x40_0000;
const FUNCTION = 2;
const OBJECT = 1;

interface Symbol {
  readonly name: string;
  /** Bytes behind the beginning of the code. */
  readonly at: number;
  readonly size: number;
  readonly type?: number;
}

/** A program of 64 bits with one segment of code, and these symbols: the full table, and what it exports. */
function program(symbols: readonly Symbol[], exported: readonly Symbol[] = []): Buffer {
  const tables = [symbols, exported].map((all) => {
    const names = Buffer.from(`\0${all.map(({ name }) => `${name}\0`).join('')}`, 'latin1');
    const rows = all.map(({ name, at, size, type = FUNCTION }) => {
      const row = Buffer.alloc(24);
      row.writeUInt32LE(names.indexOf(`\0${name}\0`) + 1, 0);
      row[4] = type;
      row.writeBigUInt64LE(BigInt(LOADED_AT + at), 8);
      row.writeBigUInt64LE(BigInt(size), 16);
      return row;
    });
    return { rows: Buffer.concat(rows), names };
  });
  const header = Buffer.alloc(64);
  header.write('\x7fELF\x02\x01', 'latin1');
  header.writeBigUInt64LE(64n, 32);
  header.writeBigUInt64LE(120n, 40);
  for (const [at, value] of [
    [54, 56],
    [56, 1],
    [58, 64],
    [60, 4],
  ] as const)
    header.writeUInt16LE(value, at);
  const segment = Buffer.alloc(56);
  segment.writeUInt32LE(1, 0);
  for (const [at, value] of [
    [8, TEXT],
    [16, LOADED_AT],
    [32, 0x1000],
  ] as const)
    segment.writeBigUInt64LE(BigInt(value), at);
  const bodies = tables.flatMap(({ rows, names }) => [rows, names]);
  let offset = 120 + 4 * 64;
  const sections = bodies.map((body, index) => {
    const row = Buffer.alloc(64);
    row.writeUInt32LE([2, 3, 11, 3][index] ?? 0, 4);
    row.writeBigUInt64LE(BigInt(offset), 24);
    row.writeBigUInt64LE(BigInt(body.length), 32);
    row.writeUInt32LE(index + 1, 40);
    offset += body.length;
    return row;
  });
  return Buffer.concat([header, segment, ...sections, ...bodies]);
}

let files = 0;

function namesIn(bytes: Buffer, ...at: readonly number[]): readonly (string | undefined)[] {
  const path = join(FOLDER, `program-${files++}`);
  writeFileSync(path, bytes);
  const names = functionsAt(
    path,
    at.map((place) => BigInt(TEXT + place)),
  );
  return at.map((place) => names.get(BigInt(TEXT + place)));
}

const RENDER: Symbol = { name: 'render', at: 0x100, size: 0x40 };
const HANDLE: Symbol = { name: 'handle', at: 0x140, size: 0x20 };

describe('functions of a program', () => {
  it('hold the places from their first byte to the one before their end', () => {
    const places = [0xff, 0x100, 0x13f, 0x140, 0x15f, 0x160];
    assert.deepEqual(namesIn(program([RENDER, HANDLE]), ...places), [
      undefined,
      'render',
      'render',
      'handle',
      'handle',
      undefined,
    ]);
  });

  it('are those that it exports where its other symbols were stripped', () => {
    assert.deepEqual(namesIn(program([], [RENDER]), 0x110), ['render']);
    assert.deepEqual(namesIn(program([{ ...RENDER, name: 'own' }], [RENDER]), 0x110), ['own']);
  });

  it('are no data', () => {
    assert.deepEqual(namesIn(program([{ ...RENDER, type: OBJECT }]), 0x110), [undefined]);
  });

  it('are unknown of what lies in no segment, is no program, or is damaged', () => {
    assert.deepEqual(namesIn(program([RENDER]), 0x1_000), [undefined]);
    assert.deepEqual(namesIn(Buffer.from('#!/bin/sh\n'), 0x110), [undefined]);
    assert.deepEqual(functionsAt(join(FOLDER, 'none'), [1n]), new Map());
    assert.deepEqual(functionsAt(FOLDER, [1n]), new Map());
    const whole = program([RENDER, HANDLE], [RENDER]);
    for (let length = 0; length < whole.length; length += 7) namesIn(whole.subarray(0, length), 0x110);
    for (let at = 0; at < whole.length; at += 3) {
      const damaged = Buffer.from(whole);
      damaged.fill(0xff, at, Math.min(at + 8, whole.length));
      namesIn(damaged, 0x110);
    }
  });
});

describe('a name of C++ or Rust', () => {
  it('is shown by the names in it', () => {
    assert.equal(sourceName('_ZN2ns6Worker3runEv'), 'ns::Worker::run');
    assert.equal(sourceName('_ZNK2ns6Worker3runEi'), 'ns::Worker::run');
    assert.equal(sourceName('_Z6handlePKc'), 'handle');
    assert.equal(sourceName('_ZN3app6render17h0123456789abcdefE'), 'app::render');
  });

  it('stays where it is written in another way, or is none', () => {
    for (const name of ['main.burnTheCPU', 'PQexec', '_ZTV3foo', '_ZN99xE', '_RNvC3app6render', ''])
      assert.equal(sourceName(name), name);
  });
});

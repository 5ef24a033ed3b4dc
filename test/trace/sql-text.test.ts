import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Dialect, maskedSql } from '../../src/trace/sql-text.ts';

describe('SQL keeps its words and loses its values', () => {
  const BOTH: readonly (readonly [sql: string, masked: string])[] = [
    [
      "SELECT a FROM b WHERE c = 'sesame' AND d IN (1, 2.5, 0xBEEF, 1e5)",
      'SELECT a FROM b WHERE c = ? AND d IN (?, ?, ?, ?)',
    ],
    ['SELECT "sesame" FROM t', 'SELECT ? FROM t'],
    ["SELECT 'it''s sesame' FROM t", 'SELECT ? FROM t'],
    ["SELECT E'sesame', N'sesame', X'00', U&'sesame', 7", 'SELECT ?, ?, ?, ?, ?'],
    ["SELECT 'sesame", 'SELECT ?'],
    ["SELECT 'a\\', 'sesame'", 'SELECT ? ...'],
    ["SELECT 'a\\\\', sesame", 'SELECT ? ...'],
    ["SELECT 'a\\n', b", 'SELECT ?, b'],
    ['SELECT 1 /* sesame */ FROM t -- sesame\nWHERE a = 1', 'SELECT ? FROM t WHERE a = ?'],
    ['SELECT 1 /* sesame', 'SELECT ?'],
    ['SELECT /* a /* b */ sesame */ 1', 'SELECT ...'],
    ["SELECT /* ' */ sesame", 'SELECT ...'],
    ['/* a */ SELECT 1', 'SELECT ?'],
    ['ALTER USER bob PASSWORD sesame', 'ALTER USER bob PASSWORD ...'],
    ["CREATE USER bob IDENTIFIED BY 'sesame' REQUIRE SSL", 'CREATE USER bob IDENTIFIED BY ? REQUIRE SSL'],
    ['CREATE USER bob IDENTIFIED BY sesame', 'CREATE USER bob IDENTIFIED BY ...'],
    ['SET PASSWORD FOR bob = sesame', 'SET PASSWORD FOR bob = ?'],
    ['UPDATE t SET token = sesame, a = b', 'UPDATE t SET token = ?, a = b'],
    ['SELECT password, token FROM users ORDER BY token', 'SELECT password, token FROM users ORDER BY token'],
    ['SELECT x FROM a1b2c3d4e5f6a7b8c9', 'SELECT x FROM ?'],
    ['SELECT x FROM events_2024_01_02', 'SELECT x FROM events_2024_01_02'],
    ['sesame FROM t', '?'],
    ['', '?'],
  ];
  for (const dialect of ['MySQL', 'PostgreSQL'] as const)
    for (const [sql, masked] of BOTH) it(`${dialect}: ${sql}`, () => assert.equal(maskedSql(sql, dialect), masked));

  const OWN: readonly (readonly [dialect: Dialect, sql: string, masked: string])[] = [
    ['PostgreSQL', 'SELECT $$sesame$$ FROM t', 'SELECT ? FROM t'],
    ['PostgreSQL', 'SELECT $a$ $$ sesame $a$ FROM t', 'SELECT ? FROM t'],
    ['PostgreSQL', 'SELECT $a$ sesame', 'SELECT ?'],
    ['PostgreSQL', 'SELECT a FROM b WHERE c = $1', 'SELECT a FROM b WHERE c = $?'],
    ['PostgreSQL', "SELECT a #> 'x', b", 'SELECT a #> ?, b'],
    ['MySQL', 'SELECT $$sesame$$', 'SELECT ...'],
    ['MySQL', 'SELECT 1 # sesame\nFROM t', 'SELECT ? FROM t'],
    ['MySQL', "SELECT 1--'a\nsesame'", 'SELECT ? ...'],
    ['MySQL', "SELECT _utf8'sesame'", 'SELECT ?'],
    ['MySQL', 'SELECT `a`.`b c` FROM `t`', 'SELECT `a`.`b c` FROM `t`'],
    ['MySQL', 'SELECT `a``sesame` FROM t', 'SELECT ...'],
  ];
  for (const [dialect, sql, masked] of OWN)
    it(`${dialect}: ${sql}`, () => assert.equal(maskedSql(sql, dialect), masked));

  it('takes no longer for a statement of a megabyte than its length says', () => {
    for (const brick of [
      "'",
      '"',
      '/*',
      '--',
      '$',
      '$a$',
      '`',
      'a',
      '1',
      "'a\\'",
      ' ',
      'token ',
      '=',
      'SELECT ',
      '\xff',
    ])
      for (const dialect of ['MySQL', 'PostgreSQL'] as const) {
        const start = process.cpuUsage();
        maskedSql(`SELECT ${brick.repeat(1_000_000 / brick.length)}`, dialect);
        assert.ok(process.cpuUsage(start).user < 2_000_000, brick);
      }
  });
});

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import type { ArchiveRow } from '../../src/archive/row.ts';
import { runDrover } from '../support/run-drover.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { CHANGE, layOut, traceOf, UPSTREAM } from './archived.ts';

/** A folder with the package `chdb`, ClickHouse in a process: half a gigabyte, which no contributor has to have. */
const CHDB = process.env.CHDB ?? '';

type Answer = readonly Readonly<Record<string, unknown>>[];
type Ask = (question: string) => Promise<Answer>;

const folder = temporaryFolder();
/** Captures of twelve hosts, which `drover archive` keeps. */
const TWELVE = [
  ...['nginx-504', 'shared-lock', 'php-sessions', 'dead-name-server', 'distracted-worker', 'hang-uvicorn'],
  ...['gil-starvation', 'busy-poll', 'node-cluster', 'descriptor-leak', 'sync-saturated', 'nginx-504/healthy'],
];
const kept = await keep(TWELVE);
const rows = await layOut(folder);
const BEFORE_AND_AFTER: Readonly<Record<string, string>> = {
  DuckDB: `before_and_after(TIMESTAMP '${CHANGE}')`,
  ClickHouse: `before_and_after(moment = '${CHANGE}')`,
};

function textOf(database: string): string {
  return readFileSync(new URL(`../../../src/archive/${database}.sql`, import.meta.url), 'utf8');
}

async function duckdb(place: string): Promise<Ask> {
  const connection = await (await DuckDBInstance.create(':memory:')).connect();
  await connection.run(`SET VARIABLE archive = '${place}'`);
  await connection.run(textOf('duckdb'));
  return async (question) => (await connection.runAndReadAll(question)).getRowObjectsJson() as Answer;
}

interface ChdbSession {
  query(sql: string, format?: string): string;
  cleanup(): void;
}

async function clickhouse(place: string): Promise<Ask> {
  const { Session } = createRequire(join(CHDB, 'package.json'))('chdb') as {
    Session: new (path: string) => ChdbSession;
  };
  const session = new Session(join(place, 'clickhouse'));
  after(() => session.cleanup());
  for (const statement of textOf('clickhouse')
    .replace(/^--.*$/gm, '')
    .split(/;\s*\n/))
    if (statement.trim() !== '') session.query(statement);
  const files = `file('${place}/day=*/*.ndjson', 'JSONEachRow')`;
  // Twice: the same capture counts once.
  for (let times = 0; times < 2; times++)
    session.query(`INSERT INTO drover SELECT * FROM ${files} SETTINGS date_time_input_format = 'best_effort'`);
  return async (question) =>
    session
      .query(question, 'JSONEachRow')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
}

/** The archive that `drover archive` makes of a folder of captures. */
async function keep(samples: readonly string[]): Promise<string> {
  const captures = temporaryFolder();
  for (const [index, sample] of samples.entries())
    writeFileSync(join(captures, `host-${index + 1}.strace`), traceOf(sample));
  const archive = join(captures, 'archive');
  const files = samples.map((_, index) => join(captures, `host-${index + 1}.strace`));
  const { code, stderr } = await runDrover(['archive', archive, ...files]);
  assert.equal(code, 0, stderr);
  return archive;
}

function checkChdb(): { readonly skip: string | false } {
  if (CHDB !== '') return { skip: false };
  const message = 'needs ClickHouse: CHDB names a folder in which `npm install chdb` was run';
  if (process.env.CI) throw new Error(`a test ${message}; .ci/install must make it`);
  return { skip: message };
}

describe('an archive as Parquet', () => {
  it('is made by the line that the page of DuckDB names, and holds every row', async () => {
    const [, line = ''] = /^-- {3}(COPY .*;)$/m.exec(textOf('duckdb')) ?? [];
    assert.match(line, /FORMAT parquet/);
    const place = join(folder, 'parquet');
    const ask = await duckdb(folder);
    // As often as somebody likes.
    for (let times = 0; times < 2; times++) await ask(line.replace('/srv/parquet', place));
    const files = `'${place}/*/*.parquet'`;
    const [difference] = await ask(
      `SELECT CAST(count(*) AS INTEGER) AS n FROM
        ((FROM archive EXCEPT FROM ${files}) UNION ALL (FROM ${files} EXCEPT FROM archive))`,
    );
    assert.equal(difference?.n, 0);
    const [count] = await ask(`SELECT CAST(count(*) AS INTEGER) AS n, count(DISTINCT day) AS days FROM ${files}`);
    assert.deepEqual([count?.n, Number(count?.days)], [rows.length, 3]);
  });
});

for (const [name, open, options] of [
  ['DuckDB', duckdb, { skip: false }],
  ['ClickHouse', clickhouse, checkChdb()],
] as const)
  describe(`an archive of twelve captures, asked in ${name}`, options, () => {
    const asked = options.skip === false ? open(folder) : null;
    const ask: Ask = async (question) => (await asked)?.(question) ?? [];
    const table = name === 'DuckDB' ? 'archive' : 'drover FINAL';

    it('holds every row', async () => {
      const counts = await ask(
        `SELECT record, CAST(count(*) AS VARCHAR) AS n FROM ${table} GROUP BY record ORDER BY record`,
      );
      const expected = ['capture', 'dependency', 'finding'].map((record) => ({
        record,
        n: String(rows.filter((row: ArchiveRow) => row.record === record).length),
      }));
      assert.deepEqual(counts, expected);
      assert.equal(expected[0]?.n, '12');
    });

    it('says what is new since yesterday: not what was there, and not where nobody looked', async () => {
      const found = await ask('SELECT host, kind FROM new_since_yesterday');
      const hosts = new Set(found.map(({ host }) => host));
      assert.deepEqual([...hosts].sort(), ['web-1', 'web-2']);
      assert.ok(
        found.some(({ host, kind }) => host === 'web-1' && kind === 'slow-dependency'),
        JSON.stringify(found),
      );
      assert.ok(
        found.some(({ host, kind }) => host === 'web-2' && kind === 'blocking-dns'),
        JSON.stringify(found),
      );
    });

    it('says which hosts have a cause', async () => {
      const found = await ask("SELECT hosts, names FROM hosts_by_cause WHERE kind = 'lock-contention'");
      assert.ok(
        found.some(({ hosts, names }) => Number(hosts) === 2 && String(names) === 'db-1,db-2'),
        JSON.stringify(found),
      );
    });

    it('says what came with a change, and what it changed nothing about', async () => {
      const found = await ask(`SELECT * FROM ${BEFORE_AND_AFTER[name]}`);
      const came = found.find(({ kind }) => kind === 'slow-dependency');
      assert.deepEqual([came?.captures_before, came?.captures_after].map(Number), [0, 1]);
      assert.deepEqual([came?.of_before, came?.of_after].map(Number), [7, 5]);
      assert.ok(Number(came?.rate_before) === 0 && Number(came?.rate_after) > 0);
      const stayed = found.find(({ title }) => String(title).includes('shared.sqlite'));
      assert.deepEqual([stayed?.captures_before, stayed?.captures_after].map(Number), [2, 2]);
    });

    it('says how long each service was waited for, the worst first', async () => {
      const found = await ask('SELECT target, total_seconds, longest_ms FROM slowest_dependency');
      const totals = found.map(({ total_seconds }) => Number(total_seconds));
      assert.deepEqual(
        totals,
        totals.toSorted((one, other) => other - one),
      );
      const longest = Number(found.find(({ target }) => target === UPSTREAM.address)?.longest_ms);
      assert.ok(longest > UPSTREAM.longestMs / 2 && longest <= UPSTREAM.longestMs + 100, `${longest}`);
    });

    it('says where nobody knows', async () => {
      const found = await ask('SELECT host FROM cannot_tell');
      const expected = rows.filter(
        ({ record, severity, confidence }) =>
          record === 'capture' && severity === 'none' && confidence === 'cannot-tell',
      );
      assert.equal(found.length, expected.length);
    });
  });

for (const [name, open, options] of [
  ['DuckDB', duckdb, { skip: false }],
  ['ClickHouse', clickhouse, checkChdb()],
] as const)
  it(`${name} answers the five questions on what drover archive made of twelve captures`, options, async () => {
    const ask = await open(kept);
    const captures = await ask('SELECT DISTINCT host FROM captures');
    assert.equal(captures.length, TWELVE.length);
    const [causes, waits] = [
      await ask('SELECT kind, names FROM hosts_by_cause'),
      await ask('SELECT target, longest_ms FROM slowest_dependency'),
    ];
    for (const [kind, host] of [
      ['lock-contention', 'host-2'],
      ['stuck-call', 'host-6'],
      ['fd-leak', 'host-10'],
    ])
      assert.ok(
        causes.some((each) => each.kind === kind && String(each.names).includes(`${host}`)),
        JSON.stringify(causes),
      );
    const longest = Number(waits.find(({ target }) => target === UPSTREAM.address)?.longest_ms);
    assert.ok(longest > UPSTREAM.longestMs / 2 && longest <= UPSTREAM.longestMs + 100, `${longest}`);
    // All of them were recorded before that day.
    const moment = name === 'DuckDB' ? "TIMESTAMP '2030-01-01'" : "moment = '2030-01-01 00:00:00'";
    const changes = await ask(`SELECT captures_before, captures_after FROM before_and_after(${moment})`);
    assert.ok(changes.length > 0 && changes.every(({ captures_after }) => Number(captures_after) === 0));
    // Each host was looked at once: nobody knows what was there the day before.
    assert.deepEqual(await ask('SELECT * FROM new_since_yesterday'), []);
    assert.ok((await ask('SELECT host FROM cannot_tell')).every(({ host }) => /^host-\d+$/.test(String(host))));
  });

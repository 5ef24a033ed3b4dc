import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { renderHtml } from '../../src/output/html/html.ts';
import { HOSTILE, poison } from '../support/hostile-texts.ts';
import { throughProtos } from '../support/otlp-protos.ts';
import { nightReport } from '../support/report-builder.ts';
import { complaintsBy, schema } from '../support/strict-schema.ts';
import { exports, GOLDEN } from './exports.ts';
import { errorsOfHtml } from './html-errors.ts';

const require = createRequire(import.meta.url);

function golden(name: string): string {
  return readFileSync(join(GOLDEN, name), 'utf8');
}

function json(name: string): unknown {
  return JSON.parse(golden(name));
}

function lines(name: string): unknown[] {
  return golden(name)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

describe('each export', async () => {
  const made = await exports();

  for (const [name, text] of made)
    it(`is what ${name} holds (node dist/test/golden/write-golden.js writes it anew)`, () => {
      assert.equal(text, golden(name));
    });

  it('has a golden, and each golden an export and a line in the page', () => {
    const known = new Set([...made.keys(), 'README.md', 'one-request.strace']);
    const kept = readdirSync(GOLDEN).filter((name) => !name.endsWith('.ts'));
    assert.deepEqual(
      kept.filter((name) => !known.has(name)),
      [],
    );
    const page = golden('README.md').replace('otlp-*', 'otlp-logs.json otlp-traces.json otlp-metrics');
    assert.deepEqual(
      kept.filter((name) => name !== 'README.md' && !page.includes(name)),
      [],
    );
  });
});

describe('a golden, read by what is not ours', () => {
  it('is a report, a finding, a comparison and rows by the published schemas (ajv)', () => {
    assert.deepEqual(complaintsBy(schema, json('report.json')), []);
    assert.deepEqual(complaintsBy(require('drover/comparison.schema.json'), json('comparison.json')), []);
    const row = require('drover/row.schema.json');
    for (const each of lines('rows.ndjson')) assert.deepEqual(complaintsBy(row, each), []);
    const finding = { ...schema, $ref: '#/$defs/finding' };
    for (const property of ['type', 'required', 'properties', '$id']) Reflect.deleteProperty(finding, property);
    for (const each of lines('findings.ndjson')) assert.deepEqual(complaintsBy(finding, each), []);
    assert.notDeepEqual(complaintsBy(finding, { kind: 'nothing' }), []);
  });

  it('is a table of as many rows and columns (DuckDB)', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const path = join(GOLDEN, 'rows.ndjson');
    const read = await connection.runAndReadAll(`FROM read_ndjson('${path}')`);
    assert.equal(read.currentRowCount, lines('rows.ndjson').length);
    assert.deepEqual(read.columnNames(), Object.keys(lines('rows.ndjson')[0] as object));
  });

  it('is a page without an error of the HTML standard, whatever a trace holds (parse5)', () => {
    assert.deepEqual(errorsOfHtml(golden('page.html')), []);
    // `html-standard.slow.test.ts` takes all of them.
    for (const text of HOSTILE.filter((each) => each.includes('<'))) {
      const page = renderHtml(poison(nightReport, text), { withPayload: true });
      assert.deepEqual(errorsOfHtml(page), [], text);
    }
    const broken = golden('page.html').replace('<main', '<div id="a" id="b"><main');
    assert.match(errorsOfHtml(broken).join(), /^\d+ duplicate-attribute$/);
  });

  it('is requests of OpenTelemetry, to the last field (the official protos)', () => {
    for (const signal of ['logs', 'traces', 'metrics'] as const) {
      const request = json(`otlp-${signal}.json`) as object;
      assert.deepEqual(throughProtos(signal, request), request);
    }
  });
});

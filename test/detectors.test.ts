import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { JsonSchema, Shapes } from '../src/detectors/metric.ts';
import { detectors, isThreshold, KINDS, THRESHOLDS, type ThresholdName } from '../src/detectors/registry.ts';
import { analyzed, ofKind } from './support/analyzed.ts';
import { fences, pageOf } from './support/detector-page.ts';

/** Compiled tests lie in dist/test; the READMEs are not copied there. */
const FOLDER = new URL('../../src/detectors/', import.meta.url);
const TESTS = new URL('../../test/detectors/', import.meta.url);
/** Whoever opens the page in an incident reads what to do before how the kind is found. */
const HEADINGS = ['What you see', 'Why it hurts', 'What to do', 'When it is wrong', 'How it is detected', 'Example'];
/** Folders of what several detectors share. */
const SHARED: ReadonlySet<string> = new Set(['accept-queues', 'busy-at-once', 'stall-cause']);
/** Words that claim more than a trace can show. */
const FORBIDDEN = /root cause|\bhealthy\b|100 ?%|CPU-bound|\bdeadlock/i;
const LONGEST_LINE = 240;
/** Lines of a page without its examples. */
const LONGEST_PAGE = 110;

interface ThresholdRow {
  readonly name: string;
  readonly default: string;
  readonly unit: string;
  readonly meaning: string;
  readonly source: string;
}

/** What is no example. */
function prose(page: string): string {
  return page.replace(/^```[\s\S]*?^```$/gm, '');
}

function thresholdRows(page: string): ThresholdRow[] {
  return [...page.matchAll(/^\| `([a-z-]+)` \| ([^|]*) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$/gm)].map(
    ([, name = '', usual = '', unit = '', meaning = '', source = '']) => ({
      name,
      default: usual,
      unit,
      meaning,
      source,
    }),
  );
}

describe('the registry', () => {
  it('holds each kind once', () => {
    assert.equal(new Set(KINDS).size, KINDS.length);
  });

  it('has a folder for each kind, and no folder is left over', () => {
    const folders = readdirSync(FOLDER, { withFileTypes: true }).filter(
      (entry) => entry.isDirectory() && !SHARED.has(entry.name),
    );
    assert.deepEqual(
      folders.map(({ name }) => name).sort(),
      [...KINDS].sort(),
      'add the detector to LIST in src/detectors/registry.ts',
    );
  });

  it('names each threshold once, in the folder that it belongs to', () => {
    const own = detectors.flatMap(({ thresholds }) => Object.keys(thresholds));
    assert.equal(new Set(own).size, own.length);
    assert.deepEqual(own.sort(), Object.keys(THRESHOLDS).sort());
  });

  for (const { kind, alsoUses = [], follows, linkedInProcess = [], thresholds } of detectors) {
    it(`finds what ${kind} names: thresholds of others, and other kinds`, () => {
      for (const name of alsoUses) assert.ok(isThreshold(name) && !Object.hasOwn(thresholds, name), name);
      for (const name of [...(follows?.kinds ?? []), ...linkedInProcess])
        assert.ok(name !== kind && (KINDS as readonly string[]).includes(name), name);
    });
  }
});

describe('the metrics that a detector declares', () => {
  for (const { kind, metrics } of detectors) {
    it(`are asserted for ${kind} in the test of its name, each of them`, () => {
      const asserted = assertedNames(readFileSync(new URL(`${kind}.test.ts`, TESTS), 'utf8'));
      assert.deepEqual(
        namesOf(metrics).filter((name) => !asserted.has(name)),
        [],
        `test/detectors/${kind}.test.ts: compare the metrics of a made-up trace with values that you worked out from it`,
      );
    });
  }
});

/** The names of metrics, and of those inside lists and records. */
function namesOf(shapes: Shapes): string[] {
  const inside = ({ properties = {}, items }: JsonSchema): string[] => [
    ...Object.entries(properties).flatMap(([name, each]) => [name, ...inside(each)]),
    ...(items === undefined ? [] : inside(items)),
  ];
  return Object.entries(shapes).flatMap(([name, { schema }]) => [name, ...inside(schema)]);
}

/** What a test reads of metrics, or expects as a member of an object. Comments do not count. */
function assertedNames(test: string): ReadonlySet<string> {
  const code = test.replace(/^\s*(?:\/\/|\*|\/\*\*).*$/gm, '');
  return new Set([...code.matchAll(/(?:\.|\?\.|[{,(]\s*)(\w+)\b(?=\s*[:,})\]; ])/g)].map(([, name = '']) => name));
}

for (const definition of detectors) {
  const { kind, title, thresholds, alsoUses = [] } = definition;
  describe(`the page of ${kind}`, () => {
    const page = pageOf(kind);

    it('has the title of the detector and the fixed headings in their order', () => {
      assert.ok(page.startsWith(`# ${title}\n`));
      assert.deepEqual(
        [...prose(page).matchAll(/^(#+) (.*)$/gm)].map(([, level, heading]) => `${level} ${heading}`),
        [`# ${title}`, ...HEADINGS.map((heading) => `## ${heading}`)],
      );
      for (const heading of HEADINGS)
        assert.match(page, new RegExp(`^## ${heading}\n\n[^#\n]`, 'm'), `${heading} is empty`);
    });

    it('documents each of its thresholds, with default, unit, meaning and source, and no other', () => {
      const rows = thresholdRows(page);
      assert.deepEqual(rows.map(({ name }) => name).sort(), [...Object.keys(thresholds), ...alsoUses].sort());
      for (const row of rows) {
        const known = THRESHOLDS[row.name as ThresholdName];
        assert.deepEqual(
          [row.default, row.unit],
          [String(known.default), known.unit === '' ? '–' : known.unit],
          row.name,
        );
        assert.ok(row.meaning.length > 10 && row.source.length > 5, `${row.name} says nothing`);
      }
    });

    it('mentions no threshold that does not exist', () => {
      const named =
        prose(page).match(
          /`[a-z]+(?:-[a-z]+)*-(?:ms|s|ratio|share|factor|gini|info|wasted|connections|worker|second)`/g,
        ) ?? [];
      for (const name of named) assert.ok(name.slice(1, -1) in THRESHOLDS, name);
    });

    it('has an example that makes it fire and one that leaves it quiet', async () => {
      const [fires, ...more] = fences(page, '(?:strace|bpftrace) fires');
      const [quiet, ...others] = fences(page, '(?:strace|bpftrace) quiet');
      assert.ok(fires !== undefined && quiet !== undefined && more.length === 0 && others.length === 0);
      assert.deepEqual([fires.under, quiet.under], ['## Example', '## Example']);
      const fired = await analyzed(fires.text);
      assert.ok(ofKind(fired, kind).length >= 1, JSON.stringify(fired.outcomes[kind]));
      const quieted = await analyzed(quiet.text);
      assert.deepEqual(
        ofKind(quieted, kind)
          .filter(({ severity }) => severity !== 'info')
          .map(({ summary }) => summary),
        [],
      );
    });

    it('has examples of which every line is read', async () => {
      for (const info of ['strace fires', 'strace quiet']) {
        for (const { text } of fences(page, info)) {
          const { quality, source } = await analyzed(text);
          assert.deepEqual(
            [quality.grade, quality.lines],
            ['good', text.split('\n').length - 1],
            JSON.stringify(quality.diagnostics),
          );
          assert.deepEqual(
            [source.flags.timestamps, source.flags.durations, source.flags.fdDecoration],
            ['epoch', true, 'path'],
          );
        }
      }
    });

    it('claims no more than a trace can show, and is a page', () => {
      assert.doesNotMatch(prose(page), FORBIDDEN);
      const lines = prose(page).split('\n').length;
      assert.ok(lines <= LONGEST_PAGE, `${lines} lines`);
      for (const line of prose(page).split('\n')) assert.ok(line.length <= LONGEST_LINE, line);
    });
  });
}

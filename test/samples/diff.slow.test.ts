import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/analysis/report.ts';
import { compareReports } from '../../src/comparison/compare.ts';
import type { Comparison } from '../../src/comparison/comparison.ts';
import { analyzeFiles } from '../../src/index.ts';
import type { Truth } from '../support/truth.ts';
import type { ServerTruth } from './server-truth.ts';
import { wantedOf } from './wanted.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples', import.meta.url));
const TRACE = /^trace\.(?:strace|bpftrace)\.gz$/;

/** Pairs that nobody can compare, and why. Truth tells of others: see `cannotShow`. */
const UNTOLD: Readonly<Record<string, RegExp>> = {
  'herd-gunicorn-gevent': /^Cannot tell: BEFORE is a capture of gunicorn.*AFTER one of (?:nginx|uWSGI)/,
  'herd-gunicorn-gevent/attached': /^Cannot tell: BEFORE is a capture of gunicorn.*AFTER one of (?:nginx|uWSGI)/,
  'herd-gunicorn-gevent/skewed': /^Cannot tell: BEFORE is a capture of gunicorn.*AFTER one of (?:nginx|uWSGI)/,
  'reuseport-gunicorn/uwsgi': /^Cannot tell: BEFORE is a capture of uWSGI, and AFTER one of gunicorn/,
  // Their twins are the same server with fewer clients: saturation may have ended with the load.
  'sync-saturated': /cannot be compared/,
  'servers/apache-prefork-kept': /cannot be compared/,
  // Nothing tells of a request that takes its time in a worker thread that such threads were free.
  'servers/node-workers-exhausted': /^Cannot tell: nobody can judge AFTER: no check explains why GET \/worker/,
  // Nobody came to the healthy twin while it was recorded, and no call of it came back.
  'hang-go/bpftrace/flock': /^Cannot tell: nobody can judge AFTER: no worker that accepts connections was seen/,
  'hang-node/bpftrace': /^Cannot tell: nobody can judge AFTER: no worker that accepts connections was seen/,
  // A worker of a queue that has little to do is in no job for long: nothing says that more jobs would find it free.
  'servers/sidekiq-exhausted': /^Cannot tell: nobody can judge AFTER: no worker that accepts connections was seen/,
  // Where no worker is stopped, or none is replaced, nothing says that these are loops.
  'servers/apache-event-graceful': /cannot be compared/,
  'servers/gunicorn-sync-stopped': /cannot be compared/,
};

/** Scenes whose twin has words of its own in its name. */
const TWINS: Readonly<Record<string, string>> = {
  'servers/celery-stuck-unnamed': 'servers/celery-unnamed',
  'servers/fastapi-connections': 'servers/fastapi-connections-few',
  'servers/fastapi-exhausted': 'servers/fastapi-slow',
  'servers/gthread-connections': 'servers/gthread-connections-few',
  'servers/postgresql-sessions-row-lock-unnamed': 'servers/postgresql-sessions-unnamed',
};

interface Sample {
  /** `hang-go/flock`. */
  readonly name: string;
  readonly trace: string;
  readonly truth: Truth | ServerTruth;
}

function samplesIn(folder: string): Sample[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return samplesIn(path);
    const truth = join(folder, 'truth.json');
    if (!TRACE.test(entry.name) || !existsSync(truth)) return [];
    const name = relative(SAMPLES, folder).split(sep).join('/');
    return [{ name, trace: path, truth: JSON.parse(readFileSync(truth, 'utf8')) }];
  });
}

const ALL = samplesIn(SAMPLES);

/** `X/V` has `X/V/healthy` or `X/healthy/V`, else all in `X/healthy`; a scene has the one without its last words. */
function twinsOf({ name }: Sample): readonly Sample[] {
  const parts = name.split('/');
  if (parts.includes('healthy')) return [];
  if (TWINS[name] !== undefined) return ALL.filter((other) => other.name === TWINS[name]);
  if (parts[0] === 'servers')
    return ALL.filter((other) => name.startsWith(`${other.name}-`))
      .toSorted((a, b) => b.name.length - a.name.length)
      .slice(0, 1);
  for (let at = parts.length; at > 0; at--) {
    const healthy = [...parts.slice(0, at), 'healthy'].join('/');
    const [own] = ALL.filter((other) => other.name === [healthy, ...parts.slice(at)].join('/'));
    if (own !== undefined) return [own];
    const below = ALL.filter((other) => other.name === healthy || other.name.startsWith(`${healthy}/`));
    if (below.length > 0) return below;
  }
  return [];
}

function isSick({ truth }: Sample): boolean {
  if ('scene' in truth) return wantedOf(truth).want.length > 0;
  return truth.expect.found.length > 0 || (truth.stuck ?? []).length > 0;
}

/** No call of the trace is different from one of an idle server, as whoever recorded it knows. */
function cannotShow({ truth }: Sample): boolean {
  return !('scene' in truth) && (truth.stuck ?? []).length > 0 && truth.stuck?.every(({ shown }) => !shown) === true;
}

const reports = new Map<string, Promise<Report>>();

function read({ trace }: Sample): Promise<Report> {
  const known = reports.get(trace) ?? analyzeFiles([trace], { activity: false });
  reports.set(trace, known);
  return known;
}

function changesOf({ causes }: Comparison, changes: readonly string[]): ReadonlySet<string> {
  return new Set(causes.filter(({ change }) => changes.includes(change)).map(({ kind }) => kind));
}

const pairs = ALL.filter(isSick).flatMap((sick) => twinsOf(sick).map((well) => ({ sick, well })));

describe('drover diff of a sample and its healthy twin', () => {
  it('is asked of every sample in which something happens', () => {
    const alone = ALL.filter(
      (sample) => isSick(sample) && !sample.name.includes('healthy') && twinsOf(sample).length === 0,
    );
    assert.deepEqual(
      alone.map(({ name }) => name),
      [],
    );
    assert.ok(pairs.length > 110, `${pairs.length}`);
    assert.deepEqual(
      Object.keys(UNTOLD).filter((name) => !pairs.some(({ sick }) => sick.name === name)),
      [],
    );
  });

  for (const { sick, well } of pairs)
    it(`${sick.name} and ${well.name}: better one way, worse the other, by what truth says happened`, async () => {
      const there = compareReports(await read(sick), await read(well));
      const back = compareReports(await read(well), await read(sick));
      const reason = UNTOLD[sick.name];
      if (reason !== undefined || cannotShow(sick)) {
        assert.equal(there.verdict.outcome, 'cannot-tell', there.verdict.text);
        assert.notEqual(back.verdict.outcome, 'better', back.verdict.text);
        assert.match(there.verdict.text, reason ?? /^Cannot tell: nobody can judge/);
        return;
      }
      assert.equal(there.verdict.outcome, 'better', there.verdict.text);
      assert.equal(back.verdict.outcome, 'worse', back.verdict.text);
      if ('scene' in sick.truth) return;
      const wanted: readonly string[] = sick.truth.expect.found;
      const twin: readonly string[] = 'scene' in well.truth ? [] : well.truth.expect.found;
      const gone = changesOf(there, ['gone', 'better']);
      const come = changesOf(back, ['new', 'worse']);
      const told = wanted.filter((kind) => !twin.includes(kind));
      assert.ok(told.length === 0 || told.some((kind) => gone.has(kind)), `${told} of ${[...gone]}`);
      assert.ok(told.length === 0 || told.some((kind) => come.has(kind)), `${told} of ${[...come]}`);
    });
});

describe('drover diff of two recordings of the same', () => {
  for (const sample of ALL)
    it(`${sample.name}: no difference from itself`, async () => {
      const report = await read(sample);
      const { verdict, causes } = compareReports(report, report);
      assert.ok(['same', 'cannot-tell'].includes(verdict.outcome), verdict.text);
      assert.deepEqual(
        causes.filter(({ change }) => change !== 'same'),
        [],
      );
    });

  // The same server under the same load, recorded twice: attached to, and from its start.
  for (const [first, second] of [
    ['c-client-flush', 'c-client-flush/attached'],
    ['stranded-queue', 'stranded-queue/attached'],
    ['herd-gunicorn-gevent', 'herd-gunicorn-gevent/attached'],
  ] as const)
    it(`${first} and ${second}: no difference`, async () => {
      const [one, other] = [first, second].map((name) => ALL.find((sample) => sample.name === name) as Sample);
      const { verdict } = compareReports(await read(one as Sample), await read(other as Sample));
      assert.ok(['same', 'cannot-tell'].includes(verdict.outcome), verdict.text);
    });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { causesIn, severityOf } from '../../src/analysis/causes.ts';
import { analyzeFiles, type Report } from '../../src/index.ts';
import { pageComplaints } from '../support/one-page.ts';
import { epoch, type Sample, samples, type Truth } from '../support/truth.ts';

const MOST = 78;
/** Advice that sends to another finding instead of saying what to do. */
const POINTER =
  /\bsee the(?:ir|se)? .*findings?\b|\(see their findings\)|\b(?:in|of|that) this report\b|\b(?:named|calls) above\b/i;

/** A cause for each title, as bad as what came of it. */
function causes({ findings }: Report): { readonly title: string; readonly isSerious: boolean }[] {
  return causesIn(findings).map((finding) => ({
    title: finding.title,
    isSerious: severityOf(finding, findings) !== 'info',
  }));
}

/**
 * The request that held workers for longest, as the application measured it; or those whose clients had left, of which
 * any may be the worst. None where no request did.
 */
function worstRequests({ stalls, requests = [], expect, brokenPipes }: Truth): readonly string[] {
  const held = stalls.length === 0 && expect.found.includes('worker-saturation') ? requests : stalls;
  if (held.length === 0 && expect.found.includes('broken-pipe')) return brokenPipes.map(({ request }) => request);
  const [worst] = held.toSorted((a, b) => b.end - b.start - (a.end - a.start));
  return worst === undefined || worst.request === '' ? [] : [worst.request];
}

/** Whom those who hang, or the requests, wait for, where the capture shows it. */
function targets({ stuck = [], lockWaits = [], upstream = '', expect }: Truth): readonly string[] {
  if (expect.found.includes('slow-dependency')) return [upstream];
  // A lock of threads has no name in a capture.
  if (expect.found.includes('lock-contention'))
    return lockWaits.map(({ lock }) => lock).filter((lock) => lock.startsWith('/'));
  // A socket that was there before the capture has no name in it, but a number.
  const ways = stuck
    .filter(({ shown }) => shown)
    .flatMap(({ target, descriptor, word = target }) => [
      target,
      // A lock in memory has an address and no name.
      word,
      ...(descriptor === null ? [] : [`fd ${descriptor.fd}`]),
    ]);
  return [...new Set(ways)];
}

/** What the first title, or the first ones where several requests stall, must hold and does not. */
function missing({ truth }: Sample, report: Report): readonly string[] {
  const titles = causes(report).map(({ title }) => title);
  // `socket fds 16 and 12` names both.
  const first = (titles[0] ?? '').replace(/\bfds (\d+)(?:, (\d+))? and (\d+)/, 'fd $1 fd $2 fd $3');
  const requests = new Set(truth.stalls.map(({ request }) => request));
  const wantedRequests = worstRequests(truth);
  // Of many blockers that take as long as each other any may be the first.
  const place = requests.size > 1 ? titles.join('\n') : first;
  const lacks =
    wantedRequests.length === 0 || wantedRequests.some((request) => place.includes(request))
      ? []
      : [wantedRequests.join(' or ')];
  const wanted = targets(truth);
  // A long path gives way to the figures and keeps its name.
  const nameOf = (target: string): string => target.replace(/^\/.*(?=\/)/, '…');
  const isNamed =
    wanted.length === 0 || wanted.some((target) => first.includes(target) || first.includes(nameOf(target)));
  return isNamed ? lacks : [...lacks, wanted.join(' or ')];
}

const LENGTH = /(?:at least|up to) ([\d.]+) (s|min)\b/;
const LEAST_MS = 1_000;

/** Titles of those that surely hang which do not say for how long, though there is room, or say too much. */
function wrongLengths({ truth }: Sample, { findings }: Report): readonly string[] {
  const { stuck = [], window } = truth;
  if (stuck.length === 0) return [];
  const longest = window.to - Math.min(...stuck.map(({ since }) => since));
  return findings.flatMap(({ kind, severity, title, metrics }) => {
    if (kind !== 'stuck-call' || severity === 'info') return [];
    const [first] = metrics.threads as readonly { readonly forMs: number | null }[];
    const [, figure = '', unit = ''] = LENGTH.exec(title) ?? [];
    if (figure !== '') return Number(figure) * (unit === 'min' ? 60 : 1) <= longest + 0.1 ? [] : [title];
    const isKnown = (first?.forMs ?? 0) >= LEAST_MS;
    return isKnown && title.length + ' for at least 12.34 s'.length <= MOST ? [title] : [];
  });
}

for (const sample of samples()) {
  const { name, trace, truth } = sample;
  describe(`the titles of sample ${name}`, async () => {
    const report = await analyzeFiles([trace], { from: epoch(truth.window.from), to: epoch(truth.window.to) });
    it('name the request and the target first', () => assert.deepEqual(missing(sample, report), []));
    it('stand in a text of 80 lines at most, none of them too wide', () =>
      assert.deepEqual(pageComplaints(report), []));
    it(`have ${MOST} characters at most`, () => {
      for (const { title } of report.findings) assert.ok(title.length <= MOST, title);
    });
    it('say how long somebody hangs at least, and never longer than the application knows', () =>
      assert.deepEqual(wrongLengths(sample, report), []));
    it('come with something to do, and not with a pointer to another finding', () => {
      const first = causesIn(report.findings)[0];
      const step = first?.next[0]?.text ?? '';
      assert.doesNotMatch(step, POINTER);
      if (first !== undefined && severityOf(first, report.findings) !== 'info') assert.notEqual(step, '');
    });
  });
}

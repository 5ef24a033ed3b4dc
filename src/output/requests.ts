import type { Finding, Metric, Report, RequestActivity, Window } from '../analysis/report.ts';
import { durationOfMs } from '../trace/format-numbers.ts';
import type { Table } from './page.ts';
import { moment } from './when.ts';

interface NamedRequest {
  /** '' for a report on one. */
  readonly host: string;
  readonly atMs: number | null;
  readonly request: string;
  readonly pid: number;
  readonly tookMs: number | null;
  readonly what: string;
}

type Fields = { readonly [name: string]: Metric };

/** The requests that findings name, those that took longest first: what held a worker, and whose client had left. */
export function requestTable({ findings, window, hosts = [] }: Report): Table {
  const seen = new Set<string>();
  // What a finding lists counts from the beginning of the capture of its host.
  const windows = new Map(hosts.map((host) => [host.name, host.window]));
  const rows = findings
    .flatMap(requestsOf)
    .toSorted((a, b) => (b.tookMs ?? 0) - (a.tookMs ?? 0))
    .map(({ host, atMs, request, pid, tookMs, what }) => [
      ...(hosts.length === 0 ? [] : [host]),
      timeOf(windows.get(host) ?? window, atMs),
      request,
      pid === 0 ? '-' : String(pid),
      durationOfMs(tookMs),
      what,
    ]);
  return {
    title: 'REQUESTS',
    note: 'that findings name, those that took longest first',
    columns: [
      ...(hosts.length === 0 ? [] : [{ title: 'HOST', align: 'left' } as const]),
      { title: 'AT', align: 'left' },
      { title: 'REQUEST', align: 'left', shrinks: true },
      { title: 'PID', align: 'right' },
      { title: 'TOOK', align: 'right' },
      { title: 'WHAT', align: 'left', shrinks: true },
    ],
    rows: rows.filter((row) => seen.size < seen.add(row.join('\0')).size),
  };
}

/** Requests without an answer, and those that were answered late, where the report has a timeline. */
export function lateRequestTable({ requests = [], window, hosts = [] }: Report): Table {
  const windows = new Map(hosts.map((host) => [host.name, host.window]));
  return {
    title: 'SLOW REQUESTS',
    note: 'without an answer (>=), and answered late; behind: its worker was busy with others; waited: for a service',
    columns: [
      ...(hosts.length === 0 ? [] : [{ title: 'HOST', align: 'left' } as const]),
      { title: 'READ', align: 'left' },
      { title: 'REQUEST', align: 'left', shrinks: true },
      { title: 'PID', align: 'right' },
      { title: 'AGE', align: 'right' },
      { title: 'OWN', align: 'right' },
      { title: 'BEHIND', align: 'right' },
      { title: 'WAITED', align: 'right' },
      { title: 'WHERE MOST OF IT WENT', align: 'left', shrinks: true },
      { title: 'LINE', align: 'right' },
    ],
    rows: requests.map((each) => [
      ...(hosts.length === 0 ? [] : [each.host ?? '']),
      timeOf(windows.get(each.host ?? '') ?? window, each.readMs),
      each.request,
      each.pid === 0 ? '-' : String(each.pid),
      ageOf(each),
      ...[each.ownMs, each.behindMs, each.waitedMs].map(durationOfMs),
      whereMostWent(each),
      each.readAt === null ? '-' : String(each.readAt.line),
    ]),
  };
}

/** `>= 1.20 s`: it has no answer yet. */
export function ageOf({ ageMs, isOpen }: RequestActivity): string {
  return `${isOpen ? '>= ' : ''}${durationOfMs(ageMs)}`;
}

/** What had half of its age or more; of several the one that took longest. What has no name says nothing. */
export function whereMostWent(each: RequestActivity): string {
  const { ageMs, ownMs, behindMs, behind, waitedMs, waitedFor, inCall, inCallMs } = each;
  const named = [
    { ms: waitedFor === '' ? 0 : waitedMs, words: `waited for ${waitedFor}` },
    { ms: behind === '' ? 0 : behindMs, words: `behind ${behindWhom(each)}` },
    { ms: inCall === '' ? 0 : inCallMs, words: `still in ${inCall}` },
    { ms: ownMs, words: 'its own work' },
  ];
  const most = named.reduce((one, other) => (other.ms > one.ms ? other : one));
  return most.ms * 2 < ageMs ? 'not known' : most.words;
}

/** One request, where that took half of the time; what a pool did meanwhile the loop of its process does not show. */
export function behindWhom({ behind, behindMs, behindLongestMs = behindMs, mayBeInPool }: RequestActivity): string {
  if (behind === '') return 'other work';
  if (behindLongestMs * 2 >= behindMs) return behind;
  return mayBeInPool ? 'others or its thread pool' : 'several others';
}

function timeOf(window: Window, atMs: number | null): string {
  return atMs === null ? '-' : moment(window, atMs, null);
}

function requestsOf({ metrics, workers, hosts }: Finding): readonly NamedRequest[] {
  const pid = numberIn(metrics.worker) ?? workers[0] ?? 0;
  const stalls = recordsIn(metrics.stalls).map((stall) => ({
    atMs: numberIn(stall.startMs),
    request: wordIn(stall.request),
    pid: numberIn(stall.pid) ?? pid,
    tookMs: numberIn(stall.stallMs),
    what: `held its worker${wordIn(stall.call) === '' ? ', without a system call' : ` in ${wordIn(stall.call)}`}`,
  }));
  const replies = recordsIn(metrics.replies).map((reply) => ({
    atMs: numberIn(reply.atMs),
    request: wordIn(reply.request),
    pid: numberIn(reply.pid) ?? pid,
    tookMs: numberIn(reply.ageMs),
    what: `its reply met ${wordIn(reply.errno)}${shares(reply)}`,
  }));
  const left = recordsIn(metrics.requests).map((request) => ({
    atMs: numberIn(request.hungUpMs),
    request: wordIn(request.request),
    pid: numberIn(request.pid) ?? pid,
    tookMs: numberIn(request.ageMs),
    what: `its client hung up${request.answered === true ? '; it was answered all the same' : ' before the reply'}`,
  }));
  const again = recordsIn(metrics.retries).map((retry) => ({
    atMs: numberIn(retry.againAtMs),
    request: wordIn(retry.request),
    pid: numberIn(retry.pid) ?? pid,
    tookMs: null,
    what: 'came again',
  }));
  return [...stalls, ...replies, ...left, ...again]
    .filter(({ request }) => request !== '')
    .map((each) => ({ host: hosts[0] ?? '', ...each }));
}

/** Where the age of a request went: `worked 0.10 s, waited 0.30 s, 4.80 s behind GET /b`. */
function shares({ ownMs, waitingMs, behindMs, behind }: Fields): string {
  const parts = [
    [numberIn(ownMs), 'worked '],
    [numberIn(waitingMs), 'waited '],
  ] as const;
  const words = parts.flatMap(([ms, word]) => (ms === null || ms === 0 ? [] : [`${word}${durationOfMs(ms)}`]));
  const late = numberIn(behindMs);
  const other = wordIn(behind);
  if (late !== null && late > 0) words.push(`${durationOfMs(late)} behind ${other === '' ? 'other work' : other}`);
  return words.length === 0 ? '' : `: ${words.join(', ')}`;
}

function recordsIn(value: Metric | undefined): readonly Fields[] {
  if (!Array.isArray(value)) return [];
  return value.filter(
    (item: Metric): item is Fields => item !== null && typeof item === 'object' && !Array.isArray(item),
  );
}

function numberIn(value: Metric | undefined): number | null {
  return typeof value === 'number' ? value : null;
}

function wordIn(value: Metric | undefined): string {
  return typeof value === 'string' ? value : '';
}

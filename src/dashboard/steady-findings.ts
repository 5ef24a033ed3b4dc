import { causesIn, severityOf } from '../analysis/causes.ts';
import { type Finding, PER_WORKER, type Report } from '../analysis/report.ts';

/** Shown from the third time on, or when it held for so long. */
const TIMES = 3;
const HELD_MS = 5_000;
/** All workers were busy for so long, with one request after the other. */
const ALL_BUSY_MS = 1_500;
/** Stays on the screen for so long when the reports no longer hold it. */
const STAYS_MS = 30_000;
/** What went on and has ended is reported as such within so long: until then the screen must not say all is well. */
const ENDED_WITHIN_MS = 2_500;
/** Before that nothing can be said of a live capture. */
const EARLY_MS = 10_000;
const SEVERITIES = ['critical', 'warning', 'info'];

const WORDS = { likely: 'Likely', possible: 'Possible', 'cannot-tell': 'Cannot tell' } as const;

interface Kept {
  readonly key: string;
  readonly finding: Finding;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly isShown: boolean;
  /** It went on, and is not reported any more: it stands on the screen again when it is reported as one that ended. */
  readonly isOver: boolean;
}

/** What is remembered of findings from one report of a live capture to the next. */
export type FindingMemory = readonly Kept[];

/** What makes a finding the same one in the next report: its number there may be another. */
export function findingKey({ kind, workers, metrics }: Finding): string {
  const { cause, target, listener } = metrics;
  // Of other kinds the workers may change while the finding stays the same.
  const worker = PER_WORKER.includes(kind) ? (workers[0] ?? '') : '';
  return [kind, worker, cause ?? '', target ?? '', listener ?? ''].join('|');
}

/**
 * Findings of a live capture that do not flicker: one shows up when it happened three times (so do requests that held
 * all workers), held for five seconds, has not ended, or is a death. It keeps its place, and stays for half a minute
 * when later reports lack it. The verdict speaks of what is shown.
 */
export function steadied(
  memory: FindingMemory,
  report: Report,
  nowMs: number,
  elapsedMs: number,
): { readonly memory: FindingMemory; readonly report: Report } {
  const before = new Map(memory.map((kept) => [kept.key, kept]));
  const next = new Map<string, Kept>();
  for (const finding of report.findings) {
    const key = unused(findingKey(finding), next);
    const known = before.get(key);
    const firstMs = known?.firstMs ?? nowMs;
    const isShown = known?.isShown === true || isSure(finding) || nowMs - firstMs >= HELD_MS;
    next.set(key, { key, finding, firstMs, lastMs: nowMs, isShown, isOver: false });
  }
  for (const kept of memory)
    if (!next.has(kept.key) && kept.isShown && nowMs - kept.lastMs < STAYS_MS)
      next.set(kept.key, { ...kept, isOver: kept.isOver || kept.finding.openEnded });
  // What was there keeps its order; what is new comes behind it.
  const places = new Map(memory.map(({ key }, index) => [key, index]));
  const place = ({ key }: Kept): number => places.get(key) ?? places.size;
  const isGone = ({ isOver, lastMs, finding }: Kept): boolean =>
    isOver && (nowMs - lastMs >= ENDED_WITHIN_MS || report.findings.some((other) => isSameIn(finding, other)));
  const known = [...next.values()].filter((kept) => !isGone(kept)).map(asItIs);
  const rank = ({ finding }: Kept): number => SEVERITIES.indexOf(severityOf(finding, known));
  // What goes on is what somebody can act on.
  const ended = ({ finding }: Kept): number => (finding.openEnded ? 0 : 1);
  const all = [...next.values()].toSorted((a, b) => rank(a) - rank(b) || ended(a) - ended(b) || place(a) - place(b));
  const findings = all.filter((kept) => kept.isShown && !isGone(kept)).map(asItIs);
  return {
    memory: all,
    report: { ...report, findings: withOwnIds(findings), verdict: verdictOf(report, findings, elapsedMs) },
  };
}

/** What is over goes on no more, and its title says how long at least it did. */
function asItIs({ finding, isOver }: Kept): Finding {
  return isOver ? { ...finding, openEnded: false } : finding;
}

/** The same workers in the same kind of trouble, of which the cause may be known better by now. */
function isSameIn({ kind, workers }: Finding, other: Finding): boolean {
  return kind === other.kind && workers.some((pid) => other.workers.includes(pid));
}

function isSure({ kind, metrics, openEnded }: Finding): boolean {
  const { count, served, totalMs } = metrics;
  // A process ends once.
  if (kind === 'worker-death') return true;
  if (openEnded || (typeof count === 'number' && count >= TIMES)) return true;
  return typeof served === 'number' && served >= TIMES && typeof totalMs === 'number' && totalMs >= ALL_BUSY_MS;
}

function unused(key: string, taken: ReadonlyMap<string, unknown>): string {
  let free = key;
  for (let number = 2; taken.has(free); number++) free = `${key}#${number}`;
  return free;
}

/** One that stayed may have the id of one that came. */
function withOwnIds(findings: readonly Finding[]): readonly Finding[] {
  const taken = new Set<string>();
  return findings.map((finding) => {
    let { id } = finding;
    for (let number = 1; taken.has(id); number++) id = `${finding.kind}-${findings.length + number}`;
    taken.add(id);
    return id === finding.id ? finding : { ...finding, id };
  });
}

function verdictOf(report: Report, shown: readonly Finding[], elapsedMs: number): Report['verdict'] {
  const causes = causesIn(shown);
  const [first] = causes;
  const severity = first === undefined ? 'info' : severityOf(first, shown);
  if (first !== undefined && severity !== 'info') {
    const more = causes.filter((finding) => severityOf(finding, shown) !== 'info').length - 1;
    const { confidence, title } = first;
    const still = first.openEnded ? ', still going on' : '';
    return {
      severity,
      confidence,
      text: `${WORDS[confidence]}${still}: ${title}${more > 0 ? ` (+${more} more)` : ''}`,
    };
  }
  const seconds = Math.floor(elapsedMs / 1000);
  if (elapsedMs < EARLY_MS)
    return {
      severity: 'none',
      confidence: 'cannot-tell',
      text: `Cannot tell so early: watching (${seconds} s of data).`,
    };
  if (report.findings.length > shown.length)
    return {
      severity: 'none',
      confidence: 'cannot-tell',
      text: 'Cannot tell yet: watching something that happened once.',
    };
  return report.verdict;
}

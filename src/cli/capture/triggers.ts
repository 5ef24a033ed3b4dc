import type { Finding, Report } from '../../analysis/report.ts';
import { show } from '../../output/show.ts';
import { durationOfMs } from '../../trace/format-numbers.ts';
import type { Condition } from '../options/until.ts';

/** Findings in which a worker is away from its wait; each has a longest time. */
const STALLS: ReadonlySet<string> = new Set(['loop-stall', 'service-stall', 'stuck-call']);

/** The end of a stall is in a report so long after it at the latest, as a rule. */
const BACK_MS = 10_000;
const MOST_KNOWN = 1_000;

/**
 * Says when a report on a growing trace shows what was waited for, once for each time. The judges are those of every
 * report; only what is new since the last look counts.
 */
export class Triggers {
  readonly #conditions: readonly Condition[];
  /** Latest end of a stall, by ISO time: reports of different beginnings compare. */
  #lastStall = '';
  /** Of findings that were told, the longest stall. */
  readonly #longest = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  /** Workers of stalls that go on and were told, and when each was seen away for the last time; infinite for never. */
  readonly #open = new Map<number, number>();
  #away: ReadonlySet<number> = new Set();

  constructor(conditions: readonly Condition[]) {
    this.#conditions = conditions;
  }

  /** The shortest stall that is waited for, or null. */
  get stallMs(): number | null {
    const lengths = this.#conditions.flatMap((condition) => (condition.kind === 'stall' ? [condition.ms] : []));
    return lengths.length === 0 ? null : Math.min(...lengths);
  }

  /** What happened since the last look, as a sentence, or null. */
  look(report: Report): string | null {
    const reasons = this.#conditions.flatMap((condition) => this.#reasonOf(condition, report) ?? []);
    return reasons[0] ?? null;
  }

  /** The same for a report that was made as if the capture ended now: what goes on. */
  lookAtOpen(report: Report): string | null {
    const least = this.stallMs;
    if (least === null) return null;
    const open = report.findings.filter(
      (finding) => STALLS.has(finding.kind) && finding.openEnded && longestMs(finding) >= least,
    );
    const workers = new Set(open.flatMap((finding) => finding.workers));
    for (const pid of this.#open.keys()) if (!workers.has(pid)) this.#open.delete(pid);
    const news = open.find((finding) => !finding.workers.every((pid) => this.#open.has(pid)));
    for (const pid of workers) if (!this.#open.has(pid)) this.#open.set(pid, Number.POSITIVE_INFINITY);
    return news === undefined ? null : `${show(news.title)}, which still goes on`;
  }

  /** Whether a stall of this worker goes on and was told. */
  isOpen(pid: number): boolean {
    return this.#open.has(pid);
  }

  /**
   * Takes who is away from its wait. A worker that has been back for a while is told again the next time; its report
   * comes later than it does. `now` are milliseconds of a clock that only grows.
   */
  stillAway(pids: ReadonlySet<number>, now: number): void {
    this.#away = pids;
    for (const [pid, last] of this.#open)
      if (pids.has(pid)) this.#open.set(pid, now);
      else if (now - last >= BACK_MS) this.#open.delete(pid);
  }

  #reasonOf(condition: Condition, report: Report): string | null {
    if (condition.kind === 'stall') return this.#stall(report);
    if (condition.kind === 'error') return this.#error(condition.errno, report);
    return condition.kind === 'death' ? this.#death(report) : null;
  }

  #stall({ findings }: Report): string | null {
    const least = this.stallMs ?? 0;
    const ended = findings.filter(
      (finding) => STALLS.has(finding.kind) && !finding.openEnded && longestMs(finding) >= least,
    );
    const latest = ended.toSorted((a, b) => (a.endTime ?? '').localeCompare(b.endTime ?? '')).at(-1);
    if (latest?.endTime == null || latest.endTime <= this.#lastStall) return null;
    this.#lastStall = latest.endTime;
    // It was told while it went on. The next one of these workers is another one.
    const wasTold = latest.workers.length > 0 && latest.workers.every((pid) => this.#open.has(pid));
    for (const pid of latest.workers) if (!this.#away.has(pid)) this.#open.delete(pid);
    return wasTold ? null : this.#sentenceOn(latest, least);
  }

  /** A finding is about all stalls of its kind so far, by its longest one, which may be long ago. */
  #sentenceOn(finding: Finding, least: number): string {
    const key = `${finding.kind} ${finding.workers.join(' ')}`;
    const longest = longestMs(finding);
    const isOld = (this.#longest.get(key) ?? 0) >= longest;
    this.#longest.delete(key);
    this.#longest.set(key, longest);
    for (const oldest of this.#longest.keys()) if (this.#longest.size > MOST_KNOWN) this.#longest.delete(oldest);
    const title = show(finding.title);
    return isOld ? `Another stall of at least ${durationOfMs(least)}; the longest so far: ${title}` : title;
  }

  #error(errno: string, { calls }: Report): string | null {
    const failed = calls.filter(({ errors }) => (errors[errno] ?? 0) > 0);
    const count = failed.reduce((sum, { errors }) => sum + (errors[errno] ?? 0), 0);
    return this.#grew(errno, count) ? `${errno} of ${failed.map(({ call }) => call).join(' and ')}` : null;
  }

  #death({ findings }: Report): string | null {
    const deaths = findings.filter(({ kind }) => kind === 'worker-death');
    const count = deaths.reduce((sum, { metrics }) => sum + Number(metrics.count ?? 0), 0);
    return this.#grew('death', count) ? show(deaths[0]?.title ?? 'A process died') : null;
  }

  #grew(what: string, count: number): boolean {
    const before = this.#counts.get(what) ?? 0;
    this.#counts.set(what, count);
    return count > before;
  }
}

function longestMs({ metrics }: Finding): number {
  if (typeof metrics.longestMs === 'number') return metrics.longestMs;
  const { threads } = metrics;
  if (!Array.isArray(threads)) return 0;
  return Math.max(0, ...threads.map((thread) => Number((thread as { forMs?: number | null } | null)?.forMs ?? 0)));
}

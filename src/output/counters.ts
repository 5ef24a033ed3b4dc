import type { Report } from '../analysis/report.ts';
import { type Gauge, gaugesOf, type Sample } from './gauges.ts';

/** Those of the gauges that add up while a capture grows; for each kind that was looked for, from 0 on. */
const ADD_UP: ReadonlySet<string> = new Set([
  'cause_events',
  'cause_seconds',
  'served',
  'slow_replies',
  'dependency_waits',
  'dependency_wait_seconds',
  'dependency_failures',
  'lost_events',
]);

/**
 * What adds up in the reports on one capture that grows, as counters. They never go down: a report may judge otherwise
 * than the one before it, and what was counted once stays counted.
 */
export class Counters {
  readonly #highest = new Map<string, number>();

  /** The figures as of this report, the next one of the same capture; each name ends with `_total`. */
  next(report: Report): readonly Gauge[] {
    const made = Object.entries(report.outcomes).filter(([, { status }]) => status === 'found' || status === 'clear');
    const adding = gaugesOf(report)
      .filter(([name]) => ADD_UP.has(name))
      .map(([name, help, samples]): Gauge => {
        const zeros = name === 'cause_events' ? made.map(([kind]) => ({ labels: { kind }, value: 0 })) : [];
        const known = new Set(samples.map(({ labels }) => labels?.['kind']));
        return [name, help, [...samples, ...zeros.filter(({ labels }) => !known.has(labels.kind))]];
      });
    return [...adding, failuresOf(report)].map(([name, help, samples]) => [
      `${name}_total`,
      `${help} Since drover attached.`,
      this.#grown(name, samples),
    ]);
  }

  /** Series that were there before stay, at what they were. */
  #grown(name: string, samples: readonly Sample[]): readonly Sample[] {
    const now = new Map(samples.map(({ labels = {}, value }) => [JSON.stringify(labels), value]));
    const before = [...this.#highest.keys()].filter((key) => key.startsWith(`${name} `));
    const all = new Set([...before.map((key) => key.slice(name.length + 1)), ...now.keys()]);
    return [...all].map((labels) => {
      const key = `${name} ${labels}`;
      const value = Math.max(this.#highest.get(key) ?? 0, now.get(labels) ?? 0);
      this.#highest.set(key, value);
      return { labels: JSON.parse(labels) as Readonly<Record<string, string>>, value };
    });
  }
}

/** How many calls there were is no figure: a tracer that only counts tells it when it ends. */
function failuresOf({ calls }: Report): Gauge {
  const failed = calls.flatMap(({ call, errors }) =>
    Object.entries(errors).map(([error, value]) => ({ labels: { call, error }, value })),
  );
  return ['call_errors', 'System calls that failed, of those that were recorded.', failed];
}

import type { Report } from '../analysis/report.ts';
import type { Counters } from './counters.ts';
import { type Gauge, gaugesOf } from './gauges.ts';
import { show } from './show.ts';

/**
 * The figures of the report as gauges, in the text format that the textfile collector of node_exporter reads and that
 * is OpenMetrics, too. No time stamps: the collector refuses a file that has some.
 */
export function renderOpenMetrics(report: Report): string {
  return `${families(gaugesOf(report), 'gauge')}# EOF\n`;
}

/**
 * The same gauges of the next report on a capture that grows, and what adds up in it as counters, in the text format
 * 0.0.4 of Prometheus: OpenMetrics takes no counter beside a gauge of its name.
 */
export function renderScrape(report: Report, counters: Counters): string {
  return families(gaugesOf(report), 'gauge') + families(counters.next(report), 'counter');
}

function families(all: readonly Gauge[], type: 'gauge' | 'counter'): string {
  return all
    .filter(([, , samples]) => samples.length > 0)
    .map((each) => family(each, type))
    .join('');
}

function family([name, help, samples]: Gauge, type: string): string {
  const lines = samples.map(({ labels = {}, value }) => {
    const inside = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `drover_${name}${inside.length === 0 ? '' : `{${inside.join(',')}}`} ${value}`;
  });
  return `# HELP drover_${name} ${help}\n# TYPE drover_${name} ${type}\n${lines.join('\n')}\n`;
}

/** Names of hosts and servers come from the trace: a line break in one would begin a series of its own. */
function escaped(text: string): string {
  return show(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

import type { Report } from '../analysis/report.ts';
import { type Gauge, gaugesOf } from './gauges.ts';
import { show } from './show.ts';

/**
 * The figures of the report as gauges, in the text format that the textfile collector of node_exporter reads and that
 * is OpenMetrics, too. No time stamps: the collector refuses a file that has some.
 */
export function renderOpenMetrics(report: Report): string {
  const families = gaugesOf(report).filter(([, , samples]) => samples.length > 0);
  return `${families.map(family).join('')}# EOF\n`;
}

function family([name, help, samples]: Gauge): string {
  const lines = samples.map(({ labels = {}, value }) => {
    const inside = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `drover_${name}${inside.length === 0 ? '' : `{${inside.join(',')}}`} ${value}`;
  });
  return `# HELP drover_${name} ${help}\n# TYPE drover_${name} gauge\n${lines.join('\n')}\n`;
}

/** Names of hosts and servers come from the trace: a line break in one would begin a series of its own. */
function escaped(text: string): string {
  return show(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

import { durationOfMs, plural } from '../../trace/format-numbers.ts';
import { coveredMs, type Effect, stallsOf } from '../effect.ts';
import { listOf, numberOf } from '../read-metric.ts';

/** Imports in a stall that is nothing but these imports. */
export const effect: Effect = {
  of: ['loop-stall'],
  share: ({ requests }, cause) => {
    if (!cause.findings.some(({ metrics }) => metrics.cause === 'import')) return 0;
    const stalls = stallsOf(cause);
    const imports = listOf(requests);
    const total = imports.reduce((sum, { importMs }) => sum + numberOf(importMs), 0);
    const covered = imports.reduce((sum, { pid, atMs, importMs }) => {
      const from = numberOf(atMs);
      return sum + coveredMs(stalls, numberOf(pid), from, from + numberOf(importMs));
    }, 0);
    return total === 0 ? 0 : Math.min(1, covered / total);
  },
  inWords: ({ requests }) => {
    const [worst] = listOf(requests);
    const modules = plural(numberOf(worst?.modules), 'module was', 'modules were');
    return `${modules} imported in ${durationOfMs(numberOf(worst?.importMs))} before the reply`;
  },
};

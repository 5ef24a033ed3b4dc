import { type Effect, shareOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

/** Workers that spin because a connection waits that nobody can accept. */
export const effect: Effect = {
  of: ['accept-errors'],
  share: ({ target, spinners }, { findings }) => {
    const own = findings.filter(({ metrics }) => textOf(target) === `listener ${textOf(metrics.listener)}`);
    return shareOf(listOf(spinners), ({ pid }) => own.some(({ workers }) => workers.includes(numberOf(pid))));
  },
  inWords: ({ spinners, sharePercent }) => {
    const [worst] = listOf(spinners);
    return `worker ${numberOf(worst?.pid)} spun ${numberOf(sharePercent)} % of its time`;
  },
};

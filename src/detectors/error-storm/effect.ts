import { plural } from '../../trace/format-numbers.ts';
import { type Effect, shareOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

const NO_DESCRIPTOR: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);

/** Calls that fail because no descriptor is left, as accept does. */
export const effect: Effect = {
  of: ['accept-errors'],
  share: ({ storms }, { findings }) => {
    const errnos = new Set(findings.flatMap(({ metrics: { errors } }) => Object.keys(errors ?? {})));
    return shareOf(listOf(storms), ({ errno }) => NO_DESCRIPTOR.has(textOf(errno)) && errnos.has(textOf(errno)));
  },
  least: 1,
  inWords: ({ storms, failed }) => {
    const [worst] = listOf(storms);
    return `${textOf(worst?.call)} failed ${plural(numberOf(failed), 'time')}: ${textOf(worst?.errno)}`;
  },
};

import { plural } from '../../trace/format-numbers.ts';
import { bareName } from '../cause-names.ts';
import { type Effect, shareOf } from '../effect.ts';
import { listOf, numberOf, textOf } from '../read-metric.ts';

const NO_DESCRIPTOR: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);

/**
 * Calls that fail because no descriptor is left, as accept does; and connects to the service that a stalled worker most
 * likely waits for.
 */
export const effect: Effect = {
  of: ['accept-errors', 'loop-stall'],
  share: ({ storms }, { kind, findings }) => {
    if (kind === 'loop-stall') {
      const waiting = findings.filter(({ metrics }) => metrics.cause === 'futex-ladder' || metrics.cause === 'lock');
      const peers = waiting.flatMap(({ metrics: { helperPeers } }) =>
        Array.isArray(helperPeers) ? helperPeers.map((peer) => bareName(textOf(peer))) : [],
      );
      return shareOf(listOf(storms), ({ call, target }) => call === 'connect' && peers.includes(textOf(target)));
    }
    const errnos = new Set(findings.flatMap(({ metrics: { errors } }) => Object.keys(errors ?? {})));
    return shareOf(listOf(storms), ({ errno }) => NO_DESCRIPTOR.has(textOf(errno)) && errnos.has(textOf(errno)));
  },
  least: 1,
  inWords: ({ storms, failed }) => {
    const [worst] = listOf(storms);
    // The sentence of the stall has the connects that failed: they are no effect of it.
    if (textOf(worst?.call) === 'connect') return '';
    return `${textOf(worst?.call)} failed ${plural(numberOf(failed), 'time')}: ${textOf(worst?.errno)}`;
  },
};

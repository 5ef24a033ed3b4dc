import type { Listener } from '../../model/machine/listener.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { subjectsOf } from '../accept-queues/accept-queues.ts';
import { CHECK, OWN_QUEUES } from '../accept-queues/advice.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, ofCause, type Severity, type Step, span } from '../finding.ts';
import type { Metrics } from './metrics.ts';

/**
 * The finding about a listener whose flag has no effect. `wakesOne`: the kernel wakes one worker at a time all the
 * same.
 */
export function finding(
  { model, capabilities }: Context,
  listener: Listener,
  threads: readonly Thread[],
  server: string,
  wakesOne: boolean,
  severity: Severity,
): DraftFinding<Metrics> {
  const { name, openedBy, reusePort, openedLine, backlog } = listener;
  const workers = pidsOf(threads);
  const opener = openedBy?.pid ?? 0;
  return {
    severity,
    confidence: 'likely',
    title: cutTitle(`SO_REUSEPORT without effect on ${name}: ${workers.length} workers, one queue`),
    summary:
      `SO_REUSEPORT was set on ${name}, but ${opener === 0 ? 'one process' : `process ${opener}`} opened ` +
      `that socket once and ${workers.length} processes accept from it. They share one queue, as they would without ` +
      'the flag.',
    why: wakesOne
      ? 'The flag gives a queue to each socket, not to each process. Here only one worker is woken for each ' +
        'connection, so that little is lost.'
      : 'The flag gives a queue to each socket, not to each process. Every connection can still wake every worker, ' +
        'and the shares of the workers are still left to chance.',
    // The flag has no effect during the whole capture; the socket may have been opened long before.
    ...span(capabilities, Math.max(model.firstTime, model.options.from), Math.min(model.lastTime, model.options.to)),
    openEnded: false,
    workers,
    metrics: {
      listener: name,
      acceptors: workers.length,
      openedBy: opener,
      backlog: Number.isNaN(backlog) ? null : backlog,
      server,
    },
    evidence: [reusePort, openedLine].filter((line) => line !== null),
    next: [cureOf(server), COUNT],
    nextWhileStalled: [
      ofCause({ text: 'Keep the one queue while workers stall.' }),
      {
        text:
          'With one shared queue the other workers can take connections while one worker is stalled. With queues of ' +
          'their own, connections wait on the stalled worker although others are idle.',
      },
      COUNT,
    ],
    subjects: subjectsOf([listener]),
  };
}

const COUNT: Step = {
  ...CHECK,
  text: 'Count the LISTEN rows of the port: where the flag works there is one for each worker.',
};

function cureOf(server: string): Step {
  if (server.startsWith('gunicorn'))
    return {
      text: 'Upgrade gunicorn, which then opens a socket in each worker; record again and compare.',
      command: 'gunicorn --reuse-port MODULE:APP',
      needs: 'gunicorn 24.0.0 or later; up to 23.0.0 --reuse-port sets the flag on the one socket of the master',
      caveat: OWN_QUEUES,
    };
  if (server === 'uWSGI')
    return {
      text: 'Use --thunder-lock instead: one worker at a time waits for a connection.',
      command: 'uwsgi --thunder-lock --ini FILE',
      caveat: 'It has no effect with the gevent or asyncio loop plugins.',
    };
  return {
    text:
      'Open and bind the socket in each worker, after the fork, with SO_REUSEPORT set on each; or drop the flag ' +
      'and register the shared listener with EPOLLEXCLUSIVE.',
    needs: 'Linux 4.5 or later for EPOLLEXCLUSIVE',
    caveat: OWN_QUEUES,
  };
}

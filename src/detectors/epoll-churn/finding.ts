import { count, plural, ratio, round } from '../../trace/format-numbers.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Step, span } from '../finding.ts';
import type { Metrics } from './metrics.ts';
import type { Figures, Service } from './service.ts';

const EVIDENCE = 6;

/** The counts as a sentence. */
export function saidOf({ name }: Service, { changes, requests, toggles, connections }: Figures): string {
  return (
    `${name === '' ? 'loops without a listener' : name}: ${plural(changes, 'epoll_ctl call')} for ` +
    `${plural(requests, 'request')}, ${count(toggles)} of them took the listener out, for ` +
    `${plural(connections, 'connection')}`
  );
}

/** The finding about one service. `isToggled`: its listener is taken out of the set around each accept. */
export function finding(
  { model, capabilities }: Context,
  service: Service,
  figures: Figures,
  isToggled: boolean,
): DraftFinding<Metrics> {
  const { added, modified, removed, toggles, changes, requests, connections, lines } = figures;
  const { name, threads, processes } = service;
  const perRequest = requests === 0 ? null : changes / requests;
  const perConnection = connections === 0 ? null : toggles / connections;
  const listeners = new Set([...threads].flatMap(({ accepts }) => [...accepts.listeners]));
  const toggled =
    ` ${count(toggles)} of them took the listener out of the set: ${ratio(perConnection ?? 0)} for ` +
    `each of ${plural(connections, 'connection')}.`;
  const often = perConnection === 1 ? 'once' : `${ratio(perConnection ?? 0)} times`;
  return {
    severity: 'info',
    confidence: 'likely',
    title: cutTitle(
      isToggled
        ? `Listener ${name} taken out of epoll ${often} a connection`
        : `${ratio(perRequest ?? 0)} epoll_ctl calls for each request${name === '' ? '' : ` on ${name}`}`,
    ),
    summary:
      `${plural(processes.size, 'worker')} changed ${processes.size === 1 ? 'its' : 'their'} epoll set ` +
      `${plural(changes, 'time')} for ${plural(requests, 'request')} (${count(added)} ADD, ${count(modified)} MOD, ` +
      `${count(removed)} DEL).${toggles === 0 ? '' : toggled}`,
    why: isToggled
      ? 'Each wake-up then costs two more calls, also each wasted wake-up of a herd. Without a tracer a call takes ' +
        'about ' +
        'a microsecond: this is a cost, not an error.'
      : 'Each change is one more call. Without a tracer a call takes about a microsecond: this is a cost, not an ' +
        'error.',
    ...span(capabilities, Math.max(model.firstTime, model.options.from), Math.min(model.lastTime, model.options.to)),
    openEnded: false,
    workers: [...processes].map(({ pid }) => pid),
    metrics: {
      listener: name,
      changes,
      added,
      modified,
      removed,
      listenerToggles: toggles,
      requests,
      connections,
      perRequest: perRequest === null ? null : round(perRequest, 3),
      togglesPerConnection: perConnection === null ? null : round(perConnection, 3),
    },
    evidence: lines.slice(0, EVIDENCE),
    next: isToggled ? WHEN_TOGGLED : WHEN_MANY,
    subjects: [...listeners].map(({ id }) => `listener ${id}`),
  };
}

const WHEN_TOGGLED: readonly Step[] = [
  {
    text:
      'Change nothing at a low rate. Fewer connections help most: let the proxy keep its connections to the ' +
      'workers open.',
  },
  {
    text: 'eventlet does this by design; plan to move to gevent, asyncio or threads: its project discourages new use.',
    caveat: 'A server that takes its listener out of the set to limit what it accepts does so on purpose.',
  },
];

const WHEN_MANY: readonly Step[] = [
  {
    text:
      'Change nothing at a low rate. Keep connections to other services open (a pool): each new one is registered, ' +
      'changed and removed again.',
  },
];

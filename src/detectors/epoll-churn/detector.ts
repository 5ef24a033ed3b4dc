import type { EpollSet } from '../../model/epoll-set.ts';
import type { Model } from '../../model/model.ts';
import type { Process } from '../../model/process.ts';
import { rolesOf } from '../../model/roles.ts';
import type { Thread } from '../../model/thread.ts';
import type { KeptLine } from '../../model/turn.ts';
import { UNKNOWN } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import type { Conclusion, DraftFinding, Step } from '../finding.ts';
import { count, plural, ratio, reasonsOf, round } from '../words.ts';

const EVIDENCE = 6;

export const epollChurn: DetectorDefinition = {
  kind: 'epoll-churn',
  title: 'The epoll set is changed again and again for each request',
  thresholds: ['churn-per-request', 'churn-toggles', 'churn-min-requests'],
  create(context): Detector {
    return { on: {}, conclude: () => conclude(context) };
  },
};

/** Event loops that wait for the same listeners. */
interface Service {
  readonly name: string;
  readonly threads: Set<Thread>;
  readonly processes: Set<Process>;
  readonly sets: Set<EpollSet>;
}

function conclude(context: Context): Conclusion {
  const services = servicesOf(context.model);
  if (services.length === 0)
    return { outcome: { status: 'not-applicable', reason: 'No event loop with an epoll set of its own was seen' }, findings: [] };
  const findings: DraftFinding[] = [];
  const reasons: string[] = [];
  for (const service of services) {
    const figures = figuresOf(service);
    const judged = judge(context, service, figures);
    if (judged === null) reasons.push(saidOf(service, figures));
    else findings.push(judged);
  }
  if (findings.length === 0) return { outcome: { status: 'clear', reason: reasonsOf(reasons) }, findings };
  return { outcome: { status: 'found', reason: `${plural(findings.length, 'service')} with much epoll_ctl` }, findings };
}

function servicesOf({ processes }: Model): Service[] {
  const services = new Map<string, Service>();
  for (const [thread, role] of rolesOf(processes.threads())) {
    const epoll = (thread.loop.hub ?? thread.loop.formerHub)?.descriptor?.epoll ?? null;
    if (epoll === null || (role !== 'event-loop' && role !== 'acceptor')) continue;
    const names = new Set([...thread.accepts.listeners].map(({ name }) => name));
    const name = [...names].sort().join(', ');
    const service = services.get(name) ?? { name, threads: new Set(), processes: new Set(), sets: new Set() };
    services.set(name, service);
    service.threads.add(thread);
    service.processes.add(thread.process);
    service.sets.add(epoll);
  }
  return [...services.values()];
}

interface Figures {
  readonly added: number;
  readonly modified: number;
  readonly removed: number;
  readonly toggles: number;
  readonly changes: number;
  readonly requests: number;
  readonly connections: number;
  readonly lines: readonly KeptLine[];
}

function figuresOf({ sets, processes }: Service): Figures {
  const sum = (of: (set: EpollSet) => number): number => [...sets].reduce((total, set) => total + of(set), 0);
  const total = (of: (process: Process) => number): number => [...processes].reduce((all, process) => all + of(process), 0);
  return {
    added: sum(({ added }) => added),
    modified: sum(({ modified }) => modified),
    removed: sum(({ removed }) => removed),
    toggles: sum(({ listenersRemoved }) => listenersRemoved),
    changes: sum(({ added, modified, removed }) => added + modified + removed),
    requests: total(({ requests }) => requests),
    connections: total(({ accepted }) => accepted),
    lines: [...sets].flatMap(({ changeLine }) => (changeLine === null ? [] : [changeLine])),
  };
}

function saidOf({ name }: Service, { changes, requests, toggles, connections }: Figures): string {
  return `${name === '' ? 'loops without a listener' : name}: ${plural(changes, 'epoll_ctl call')} for ${plural(requests, 'request')}, ${count(toggles)} of them took the listener out, for ${plural(connections, 'connection')}`;
}

function judge(context: Context, service: Service, figures: Figures): DraftFinding | null {
  const { changes, requests, toggles, connections } = figures;
  const least = context.threshold('churn-min-requests');
  const perRequest = requests >= least ? changes / requests : 0;
  const perConnection = connections >= least ? toggles / connections : 0;
  const isToggled = perConnection >= context.threshold('churn-toggles');
  if (!isToggled && perRequest < context.threshold('churn-per-request')) return null;
  return finding(context, service, figures, isToggled);
}

function finding({ model, capabilities }: Context, service: Service, figures: Figures, isToggled: boolean): DraftFinding {
  const { added, modified, removed, toggles, changes, requests, connections, lines } = figures;
  const { name, threads, processes } = service;
  const perRequest = requests === 0 ? null : changes / requests;
  const perConnection = connections === 0 ? null : toggles / connections;
  const listeners = new Set([...threads].flatMap(({ accepts }) => [...accepts.listeners]));
  const toggled = ` ${count(toggles)} of them took the listener out of the set: ${ratio(perConnection ?? 0)} for each of ${plural(connections, 'connection')}.`;
  return {
    kind: 'epoll-churn',
    severity: 'info',
    sureness: 'likely',
    title: (isToggled
      ? `Listener ${name} taken out of epoll ${perConnection === 1 ? 'once' : `${ratio(perConnection ?? 0)} times`} a connection`
      : `${ratio(perRequest ?? 0)} epoll_ctl calls a request${name === '' ? '' : ` on ${name}`}`
    ).slice(0, 78),
    summary: `${plural(processes.size, 'worker')} changed ${processes.size === 1 ? 'its' : 'their'} epoll set ${plural(changes, 'time')} for ${plural(requests, 'request')} (${count(added)} ADD, ${count(modified)} MOD, ${count(removed)} DEL).${toggles === 0 ? '' : toggled}`,
    why: isToggled
      ? 'Each wake-up then costs two calls more, the wasted ones of a herd as well. A call is about a microsecond untraced: a cost, not a fault.'
      : 'Each change is a call more. A call is about a microsecond untraced: a cost, not a fault.',
    start: capabilities.times ? Math.max(model.firstTime, model.options.from) : UNKNOWN,
    end: capabilities.times ? Math.min(model.lastTime, model.options.to) : UNKNOWN,
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
    text: 'Nothing at a low rate. Fewer connections help most: let the proxy keep its connections to the workers open.',
  },
  {
    text: 'eventlet does this by design; plan to move to gevent, asyncio or threads: its project discourages new use.',
    caveat: 'A server that takes its listener out of the set to limit what it accepts does so on purpose.',
  },
];

const WHEN_MANY: readonly Step[] = [
  {
    text: 'Nothing at a low rate. Keep connections to other services open (a pool): each new one is registered, changed and removed again.',
  },
];

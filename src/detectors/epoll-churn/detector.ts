import { plural } from '../../trace/format-numbers.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, type DraftFinding, found, notApplicable } from '../finding.ts';
import { reasonsOf } from '../words.ts';
import { finding, saidOf } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';
import { type Figures, figuresOf, type Service, servicesOf } from './service.ts';

export const epollChurn = defineDetector({
  kind: 'epoll-churn',
  title: 'The epoll set is changed again and again for each request',
  needs: [],
  thresholds: {
    'churn-per-request': {
      default: 3,
      unit: 'calls a request',
      meaning:
        'So many changes of the epoll set for each request are info. Two are usual: one to register a ' +
        'connection, one to remove it.',
    },
    'churn-toggles': {
      default: 1,
      unit: 'a connection',
      meaning:
        'A listener that is taken out of the epoll set so often is taken out around each accept, which is ' + 'info.',
    },
    'churn-min-requests': {
      default: 10,
      unit: 'requests',
      meaning: 'Fewer requests, or connections, than this are too few to judge.',
    },
  },
  follows: { kinds: ['service-stall', 'loop-stall'], anywhere: true },
  metrics,
  measures: { count: 'changes' },
  create(context) {
    return { on: {}, conclude: () => conclude(context) };
  },
});

function conclude(context: Context): Conclusion<Metrics> {
  const services = servicesOf(context.model);
  if (services.length === 0) return notApplicable('No event loop with an epoll set of its own was seen');
  const findings: DraftFinding<Metrics>[] = [];
  const reasons: string[] = [];
  const least = context.threshold('churn-min-requests');
  for (const service of services) {
    const figures = figuresOf(service);
    const judged = judge(context, service, figures);
    if (judged !== null) findings.push(judged);
    else if (figures.requests >= least || figures.connections >= least) reasons.push(saidOf(service, figures));
  }
  if (findings.length === 0)
    return reasons.length === 0
      ? notApplicable(`Fewer than ${least} requests and connections on each loop: too few to judge`)
      : clear(reasonsOf(reasons));
  return found(`${plural(findings.length, 'service')} with much epoll_ctl`, findings);
}

function judge(context: Context, service: Service, figures: Figures): DraftFinding<Metrics> | null {
  const { changes, requests, toggles, connections } = figures;
  const minimum = context.threshold('churn-min-requests');
  const perRequest = requests >= minimum ? changes / requests : 0;
  const perConnection = connections >= minimum ? toggles / connections : 0;
  const isToggled = perConnection >= context.threshold('churn-toggles');
  if (!isToggled && perRequest < context.threshold('churn-per-request')) return null;
  return finding(context, service, figures, isToggled);
}

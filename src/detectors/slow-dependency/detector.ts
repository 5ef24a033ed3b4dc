import { DependencyTracker } from '../../model/topics/dependencies/dependency-tracker.ts';
import type { Peer, ProcessWaits } from '../../model/topics/dependencies/peer.ts';
import { SlowReplyTracker } from '../../model/topics/dependencies/slow-replies.ts';
import { ForwardedQuestions } from '../../model/topics/names/forwarded-questions.ts';
import { duration, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { absent, type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { RECORDING } from '../need.ts';
import { callsOf } from '../recorded.ts';
import { effect } from './effect.ts';
import { finding } from './finding.ts';
import { isNameServer, judge, longFrom, type Slow } from './judge.ts';
import { type Metrics, metrics } from './metrics.ts';
import { judgeServers, serverFinding } from './name-servers.ts';
import { causesFirst } from './passed-on.ts';

export const slowDependency = defineDetector({
  kind: 'slow-dependency',
  title: 'Requests wait long for another service',
  needs: ['times'],
  thresholds: {
    'dependency-ms': {
      default: 1000,
      unit: 'ms',
      meaning: 'A request, or the main work of a process, waits long for one peer from here on.',
    },
    'dependency-share': {
      default: 0.1,
      unit: 'of the time',
      meaning:
        'Where no request is known, a process is reported only when it waits for the peer for this part ' +
        'of its time.',
    },
    'client-timeout-ms': {
      default: 1000,
      unit: 'ms',
      meaning:
        'How long your clients wait. drover counts the requests that had no answer for so long, and says ' +
        'why where it can.',
    },
  },
  alsoUses: ['pool-wait-ms'],
  linkedInProcess: ['worker-saturation'],
  trackers: [DependencyTracker, SlowReplyTracker, ForwardedQuestions],
  effect,
  metrics,
  measures: {
    count: 'dependencies.waits',
    totalMs: 'dependencies.totalMs',
    longestMs: 'dependencies.longestMs',
  },
  create(context) {
    return { on: {}, conclude: () => conclude(context) };
  },
});

function conclude(context: Context): Conclusion<Metrics> {
  const peers = context.model.topic(DependencyTracker).peers();
  const slow = peers.map((peer) => judge(context, peer)).filter((each) => each !== null);
  const { forwarded, failing } = judgeServers(context);
  const ofServers = failing.map((each) => serverFinding(context, each));
  if (ofServers.length > 0 && slow.length === 0)
    return found(`${plural(failing.length, 'name server')} kept clients waiting`, ofServers);
  if (forwarded !== null && slow.length === 0 && longestUnowned(context, peers) === null) return clear(forwarded);
  if (peers.length === 0)
    return absent(
      'No wait for another service is in the capture; of connections made before it began -yy tells the address',
    );
  if (slow.length === 0) {
    const unowned = longestUnowned(context, peers);
    if (unowned !== null) return notApplicable(unownedReason(unowned));
    if (context.capabilities.resolution > 0)
      return notApplicable(
        `The times are whole seconds: what took less than ${duration(longFrom(context))} may be no wait. ` +
          'Record with -ttt',
      );
    const unseen = longestUnseen(context, peers);
    return unseen === null ? clear(reasonOf(peers)) : notApplicable(unseenReason(unseen));
  }
  // What is a warning and what is not are two findings.
  const groups = (['warning', 'info'] as const).map((severity) => slow.filter((each) => each.severity === severity));
  const findings = groups
    .filter((group) => group.length > 0)
    .map((group) => finding(context, causesFirst(worstFirst(group))));
  return found(`${plural(slow.length, 'peer was', 'peers were')} waited for long`, [...findings, ...ofServers]);
}

/** The peer that a process with requests waited longest for, from `dependency-ms` on; whose wait it was is unknown. */
function longestUnowned(context: Context, peers: readonly Peer[]): Peer | null {
  const long = context.threshold('dependency-ms') * MILLISECOND;
  const [worst = null] = peers
    .filter((peer) => peer.isKnown && !isNameServer(peer) && peer.all.longest >= long)
    .filter(({ processes }) => [...processes.values()].some(hasRequests))
    .toSorted((a, b) => b.all.longest - a.all.longest);
  return worst;
}

const hasRequests = ({ process }: ProcessWaits): boolean => process.requests > 0;

/**
 * The peer whose answer came longest after the question, from `dependency-ms` on, where the capture does not show
 * waits: it holds none, or does not say how long they took.
 */
function longestUnseen({ model, capabilities, threshold }: Context, peers: readonly Peer[]): Peer | null {
  if (capabilities.durations && callsOf(model, 'poll', 'select', 'epoll-wait', 'io-uring') > 0) return null;
  const long = threshold('dependency-ms') * MILLISECOND;
  const [worst = null] = peers
    .filter((peer) => peer.unseen >= long && !isNameServer(peer))
    .toSorted((a, b) => b.unseen - a.unseen);
  return worst;
}

function unseenReason({ name, unseen }: Peer): string {
  return (
    `An answer of ${name} came ${duration(unseen)} after the question, and the capture does not show how long was ` +
    `waited for it. Record all calls and their durations: ${RECORDING}`
  );
}

function unownedReason({ name, all }: Peer): string {
  return (
    `A wait of ${duration(all.longest)} for ${name} belongs to no request that the capture shows. A request may have ` +
    'waited in another thread, or the process only listens there. The table of services lists all waits'
  );
}

function worstFirst(group: readonly Slow[]): Slow[] {
  return group.toSorted((a, b) => b.waits.longest - a.waits.longest || b.waits.total - a.waits.total);
}

function reasonOf(peers: readonly Peer[]): string {
  const [first] = peers;
  const longest = peers.reduce((most, peer) => Math.max(most, peer.ofRequests.longest, peer.ofMainWork.longest), 0);
  const waits = peers.reduce((sum, { all }) => sum + all.timed, 0);
  const whom = peers.length === 1 ? (first?.name ?? '') : plural(peers.length, 'peer');
  if (longest === 0)
    return `${plural(waits, 'wait')} for ${whom}; no wait of a request or of the main work of a process was timed`;
  return (
    `${plural(waits, 'wait')} for ${whom}; the longest of a request or of the main work of a process took ` +
    `${duration(longest)}`
  );
}

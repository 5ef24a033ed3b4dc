import type { Listener } from '../../model/machine/listener.ts';
import { pidsOf } from '../../model/machine/roles.ts';
import { count, percent, plural, round } from '../../trace/format-numbers.ts';
import { subjectsOf } from '../accept-queues/accept-queues.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, ofCause, type Severity, type Step, span } from '../finding.ts';
import type { Metrics } from './metrics.ts';
import type { Figures, Shares } from './shares.ts';

const SHOWN = 8;

/** The finding about a listener of which one thread takes too much. */
export function finding(
  { capabilities }: Context,
  listener: Listener,
  shares: Shares,
  figures: Figures,
  severity: Severity,
): DraftFinding<Metrics> {
  const { threads, counts, total, most, spread, favourite, idlest } = figures;
  const { pid } = favourite.process;
  const { utilisation } = favourite.loop;
  const isBusyUnknown = Number.isNaN(utilisation);
  const title = `Worker ${pid} accepted ${count(most)} of ${plural(total, 'connection')} on ${listener.name}`;
  const busy = isBusyUnknown
    ? ''
    : ` It was busy ${percent(utilisation)} of the time, the idlest worker ${percent(idlest)}.`;
  return {
    severity,
    confidence: 'likely',
    title: cutTitle(title),
    summary:
      `${saidOf(listener, figures)} (0 is even, 1 is all to one). Worker ${pid} accepted ${count(most)}.${busy} At ` +
      `most ${plural(shares.streak, 'connection')} in a row went to one worker.`,
    why: whyOf(severity, isBusyUnknown),
    ...span(capabilities, shares.first, shares.last),
    openEnded: false,
    workers: pidsOf(threads),
    metrics: {
      listener: listener.name,
      acceptors: counts.length,
      connections: total,
      maxShare: round(most / total, 3),
      gini: round(spread, 3),
      favourite: pid,
      longestStreak: shares.streak,
      favouriteBusyPercent: isBusyUnknown ? null : round(utilisation * 100, 1),
      idlestBusyPercent: Number.isFinite(idlest) ? round(idlest * 100, 1) : null,
      shares: counts.toSorted((a, b) => b - a),
    },
    evidence: [shares.lines.get(favourite)].filter((line) => line !== undefined),
    next: [severity === 'info' ? LEAVE_IT : OWN_QUEUES],
    nextWhileStalled: [
      ofCause({ text: 'Change nothing in how connections are shared while workers stall.' }),
      { text: 'Then record again: a worker that stalls accepts nothing, which changes the shares.' },
    ],
    subjects: subjectsOf([listener]),
  };
}

/** `:8000: shares 80 10 10 of 100 connections, Gini 0.467`. */
export function saidOf({ name }: Listener, { counts, total, spread }: Figures): string {
  const shares = counts.toSorted((a, b) => b - a).slice(0, SHOWN);
  return (
    `${name}: shares ${shares.join(' ')}${counts.length > SHOWN ? ' …' : ''} of ` +
    `${plural(total, 'connection')}, Gini ${round(spread, 3)}`
  );
}

function whyOf(severity: Severity, isBusyUnknown: boolean): string {
  if (severity !== 'info') return 'Connections queue behind one busy worker although others are idle.';
  return isBusyUnknown
    ? 'The capture has no times, so drover cannot tell whether this does harm.'
    : 'While all workers are mostly idle this does no harm.';
}

const LEAVE_IT: Step = {
  text: 'Do nothing unless requests are slow. If they are, record again under load and compare.',
};

const OWN_QUEUES: Step = {
  text:
    'Give each worker a queue of its own with SO_REUSEPORT; where workers stall or restart often, spread ' +
    'connections by a round-robin proxy in front instead.',
  needs: 'gunicorn 24.0.0 or later for its --reuse-port',
  caveat:
    'With queues of their own, connections wait on a stalled worker although others are idle. EPOLLEXCLUSIVE ' +
    'does not help: it concentrates connections on one worker.',
};

import {
  ForwardedQuestions,
  ForwardedTo,
  type LongestQuestion,
  type Unanswered,
} from '../../model/topics/names/forwarded-questions.ts';
import { count, duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import { askNameServer } from '../ask-there.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, type Step, span } from '../finding.ts';
import { longFrom } from './judge.ts';
import type { Metrics } from './metrics.ts';

// A name server that passes questions on has clients that wait as those of any other server do, over datagrams.

/** A failure now and then is one of a name, not of the server: so many, and this part of all, are more than that. */
const FEWEST_FAILED = 3;
const USUAL_FAILURES = 0.1;

/** Another name server that kept clients of this one waiting, or without a reply. */
export interface Failing {
  readonly server: ForwardedTo;
  readonly unanswered: Unanswered | null;
  readonly severity: Severity;
}

/** Who kept clients waiting; what to say where nobody did, null where no question was passed on. */
export function judgeServers(context: Context): {
  readonly failing: readonly Failing[];
  readonly forwarded: string | null;
} {
  const tracker = context.model.topic(ForwardedQuestions);
  const open = tracker.unanswered(context.model.lastTime);
  const servers = new Map(tracker.servers().map((server) => [server.name, server]));
  const all = [...new Set([...servers.keys(), ...open.keys()])].map((name) =>
    judged(context, servers.get(name) ?? new ForwardedTo(name), open.get(name) ?? null),
  );
  const failing = all.filter((each) => each !== null);
  const questions = [...servers.values()].reduce((sum, { waits }) => sum + waits.timed, 0);
  const longest = Math.max(0, ...[...servers.values()].map(({ waits }) => waits.longest));
  const [only] = servers.keys();
  const whom = servers.size === 1 ? `${only}` : plural(servers.size, 'name server');
  const forwarded =
    questions === 0
      ? null
      : `${plural(questions, 'DNS question')} of clients went on to ${whom}; ` +
        `the longest wait took ${duration(longest)}`;
  return { failing, forwarded };
}

function judged(context: Context, server: ForwardedTo, unanswered: Unanswered | null): Failing | null {
  const long = longFrom(context);
  const { waits, failed } = server;
  const without = unanswered?.count ?? 0;
  const isFailing = failed >= FEWEST_FAILED && failed >= waits.timed * USUAL_FAILURES;
  const isLate = waits.longest >= long;
  if (!isFailing && !isLate && without === 0) return null;
  const late = server.late + without;
  const isUsual = isFailing || late * 100 >= waits.timed + without;
  return { server, unanswered, severity: isUsual ? 'warning' : 'info' };
}

/** What clients met, how many of them; the most frequent first. */
function troubles({ server: { silent, refused, passedOn, late, waits }, unanswered }: Failing) {
  const longest = duration(Math.max(waits.longest, unanswered?.oldest.length ?? 0));
  const answered = unanswered?.answered ?? 0;
  const told = (text: (who: string) => string, number: number) => ({ text, number });
  return [
    told((who) => `failed after up to ${longest}: ${who} did not answer`, silent),
    told((who) => `failed: no server listens at ${who}`, refused),
    told((who) => `failed: ${who} answered with a failure`, passedOn),
    told((who) => `got no reply: ${who} does not answer`, (unanswered?.count ?? 0) - answered),
    told((who) => `waited up to ${longest} for ${who}`, late + answered),
  ]
    .filter(({ number }) => number > 0)
    .toSorted((a, b) => b.number - a.number);
}

export function serverFinding({ capabilities }: Context, failing: Failing): DraftFinding<Metrics> {
  const { server, unanswered, severity } = failing;
  const { name, waits, failed } = server;
  const what = troubles(failing);
  const [worst] = what;
  const questions = waits.timed + (unanswered?.count ?? 0);
  const pids = [...new Set([...server.pids, ...(unanswered?.pids ?? [])])].toSorted((a, b) => a - b);
  const proof = proofOf(failing);
  const end: Nanoseconds = unanswered === null ? server.last : unanswered.first + unanswered.oldest.length;
  return {
    severity,
    confidence: 'likely',
    title: cutTitle(
      worst === undefined
        ? `A DNS question waited ${duration(waits.longest)} for ${name}`
        : `${plural(worst.number, 'DNS question')} ${worst.text(name)}`,
    ),
    summary:
      `${plural(questions, 'DNS question')} of clients went on to ${name}.` +
      what.map(({ number, text }) => ` ${count(number)} ${text(name)}.`).join('') +
      (worst === undefined || proof === null ? '' : ` The longest wait was ${duration(proof.length)}.`),
    why: 'Clients of a name server wait 5 s as a rule, then ask again. Each program that needs the name waits, too.',
    ...span(capabilities, server.waits.timed > 0 ? server.first : (unanswered?.first ?? server.first), end),
    openEnded: unanswered !== null,
    workers: pids.slice(0, 20),
    metrics: {
      dependencies: [
        {
          peer: name,
          protocol: 'DNS',
          waits: waits.timed,
          requests: questions,
          longRequests: server.late,
          totalMs: milliseconds(waits.total),
          p99Ms: milliseconds(waits.percentile(0.99) ?? 0),
          longestMs: milliseconds(waits.longest),
          longestOfRequestMs: milliseconds(waits.longest),
          openAtEnd: unanswered?.count ?? 0,
          failures: server.silent + server.refused,
          ranOut: 0,
          ranOutMs: 0,
          failedReplies: failed,
          unanswered: unanswered?.count ?? 0,
          queued: 0,
          longestQueuedMs: 0,
          connections: null,
        },
      ],
      query: '',
    },
    evidence: proof?.lines ?? [],
    next: adviceFor(name),
    subjects: pids.slice(0, 20).map((pid) => `pid ${pid}`),
  };
}

function proofOf({ server: { longest }, unanswered }: Failing): LongestQuestion | null {
  if (longest === null || unanswered === null) return longest ?? unanswered?.oldest ?? null;
  return unanswered.oldest.length > longest.length ? unanswered.oldest : longest;
}

function adviceFor(server: string): readonly Step[] {
  return [
    askNameServer(server),
    {
      text: 'Give this name server a second one to ask, and take a silent one out of its list until it answers.',
    },
    {
      text: 'Let it serve old answers while nobody answers (serve-stale, serve-expired), where your names allow that.',
    },
  ];
}

import type { Report } from '../../src/index.ts';
import { isWorkerRole } from '../../src/model/machine/roles.ts';
import { complaintsOf, fits } from '../cases/case.ts';
import { wasFelt } from './felt.ts';
import { firstTitle, wordsOf } from './first-title.ts';
import {
  brokenOf,
  countsRequests,
  hasNames,
  hasOldClients,
  isEncrypted,
  passedOn,
  type Scene,
  takesJobs,
} from './server-truth.ts';
import { wantedOf } from './wanted.ts';

/** A look at the report of a scene: what is wrong, a sentence each. */
export type Look = (scene: Scene, report: Report) => readonly string[];

/** All looks by name; `applies` says to which scenes. */
export const LOOKS: Readonly<Record<string, { readonly applies: (scene: Scene) => boolean; readonly look: Look }>> = {
  findings: { applies: () => true, look: findings },
  warnings: { applies: () => true, look: warnings },
  blamed: {
    applies: ({ truth }) => truth.load.some(({ label, asks }) => label === 'sleep' && asks.startsWith('/')),
    look: blamed,
  },
  upstream: { applies: ({ truth }) => truth.acts.some(({ act }) => act === 'exhaust'), look: upstream },
  title: { applies: ({ truth }) => wordsOf(truth).length > 0, look: firstTitle },
  accepted: { applies: ({ truth }) => !takesJobs(truth) && !hasOldClients(truth), look: accepted },
  requests: { applies: ({ truth }) => countsRequests(truth) && hasNames(truth), look: requests },
  // Of processes of one thread each nobody asks whose threads they are.
  names: { applies: ({ truth }) => !hasNames(truth) && countsRequests(truth), look: names },
  late: { applies: ({ truth }) => !isEncrypted(truth), look: late },
  workers: {
    applies: ({ truth }) => !/^PostgreSQL/.test(truth.server) && !takesJobs(truth) && truth.workers.length > 0,
    look: workers,
  },
  backends: { applies: ({ truth }) => truth.server.startsWith('PostgreSQL'), look: backends },
  name: { applies: () => true, look: name },
  clock: { applies: ({ truth }) => truth.acts.some(({ act }) => act === 'clock-step'), look: clock },
};

/** What must be found and what must not, because of what was done. */
function findings({ name: scene, trace, truth }: Scene, report: Report): string[] {
  return complaintsOf(
    { name: scene, paths: [trace], expectation: { ...wantedOf(truth), group: 'servers' } },
    report,
    '',
  );
}

/** A warning is about something that was done, or that a client felt. */
function warnings({ truth }: Scene, report: Report): string[] {
  const { want } = wantedOf(truth);
  return (
    report.findings
      .filter(({ severity }) => severity !== 'info')
      .filter((finding) => !wasFelt(finding, truth) && !want.some((wanted) => fits(finding, wanted)))
      // Who left asked again.
      .filter(({ kind }) => kind !== 'request-retry' || truth.left === 0)
      .map(({ severity, kind, title }) => `${severity} ${kind}, which nobody felt: ${title}`)
  );
}

/** Long stalls are of the request that makes them, not of one that was read with it. */
function blamed({ truth }: Scene, report: Report): string[] {
  const asked = truth.load.filter(({ label }) => label === 'sleep').map(({ asks }) => asks);
  return report.findings
    .filter(({ kind, metrics }) => kind === 'loop-stall' && Number(metrics['stallMs']) >= 900)
    .filter(({ title }) => !asked.some((path) => title.includes(path)))
    .map(({ title }) => `not of ${asked}: ${title}`);
}

/** Who all wait for is said. */
function upstream({ truth }: Scene, report: Report): string[] {
  const warned = report.findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ title, summary }) => `${title}\n${summary}`.replaceAll('[::ffff:127.0.0.1]', '127.0.0.1'));
  return truth.acts.flatMap((act) =>
    act.act === 'exhaust' && !warned.some((words) => words.includes(act.upstream))
      ? [`no warning names ${act.upstream}`]
      : [],
  );
}

function accepted({ truth }: Scene, report: Report): string[] {
  return differs('connections', sumOf(report, 'accepted'), truth.connections + passedOn(truth));
}

/**
 * What is encrypted can be estimated at best; more than there were is wrong all the same. Whether a request reached the
 * server whose connection broke, nobody knows.
 */
function requests({ truth }: Scene, report: Report): string[] {
  const counted = sumOf(report, 'requests') - passedOn(truth);
  const least = isEncrypted(truth) ? 0 : truth.requests - brokenOf(truth);
  return counted >= least && counted <= truth.requests ? [] : differs('requests', counted, truth.requests);
}

const sumOf = (report: Report, column: 'accepted' | 'requests'): number =>
  report.workers.reduce((sum, worker) => sum + worker[column], 0);

const differs = (what: string, counted: number, driven: number): string[] =>
  counted === driven ? [] : [`${counted} ${what}, in truth ${driven}`];

/**
 * A row for each process that serves. Of an attached process whose first thread shares nothing that a line shows, the
 * row has the number of another of its threads.
 */
function workers({ truth }: Scene, report: Report): string[] {
  const processOf = (tid: number): number => truth.processes.find(({ tids }) => tids?.includes(tid))?.pid ?? tid;
  const serving = report.workers.filter(({ role }) => isWorkerRole(role)).map(({ pid }) => pid);
  const processes = serving.map(processOf).toSorted((one, other) => one - other);
  return String(processes) === String(truth.workers) ? [] : [`workers ${serving}, in truth ${truth.workers}`];
}

/** A backend serves the one client that it was forked for: it has no loop to be away from. */
function backends({ truth }: Scene, report: Report): string[] {
  return report.workers
    .filter(({ pid, role }) => truth.workers.includes(pid) && role === 'event-loop')
    .map(({ pid }) => `backend ${pid} is told as an event loop`);
}

/** What threads did of which nobody knows whose they are is counted nowhere: it is said, and how to know it. */
function names(_: Scene, { quality, verdict }: Report): string[] {
  return [quality.notes.join('\n'), verdict.text]
    .filter((words) => !words.includes('Record with -y'))
    .map((words) => `nothing asks for -y: ${words}`);
}

/** Clients that waited for a second are no all-clear, and those that did not are no doubt. */
function late({ truth }: Scene, { verdict }: Report): string[] {
  const longest = Math.max(0, ...truth.load.flatMap(({ slow }) => slow.map(({ ms }) => ms)));
  if (longest > 1_150 && verdict.severity === 'none' && verdict.confidence === 'likely')
    return [`a client waited ${longest} ms: ${verdict.text}`];
  return longest < 950 && verdict.text.includes('no check explains') ? [verdict.text] : [];
}

/** The names that a server may have in a report. */
const NAMES: readonly (readonly [title: RegExp, names: RegExp])[] = [
  // A program of one's own, in whatever language, is called by its file.
  [/^Go/, /^(?:go|web)\b/i],
  [/^Node/, /^node/i],
  [/^OpenJDK/, /^(?:java|openjdk)/i],
  [/^jetty/, /^(?:jetty|java)/i],
  [/^Erlang/, /^(?:erlang|beam|inets)/i],
  [/^tornado/, /^(?:tornado|python)/i],
  [/^Python/, /^(?:python|http\.server)/i],
];

/** From its start a capture tells who the server is; attached it need not, but a name is the right one. */
function name({ truth }: Scene, report: Report): string[] {
  const [first = ''] = truth.server.split(' ');
  const right = NAMES.find(([title]) => title.test(truth.server))?.[1] ?? new RegExp(`^${first}`, 'i');
  const named = report.workers.map(({ server }) => server).filter((server) => server !== '');
  if (named.length === 0 && truth.recording.capture === 'started' && !truth.server.startsWith('Go'))
    return ['no server is named'];
  return named.filter((server) => !right.test(server)).map((server) => `${server}, in truth ${truth.server}`);
}

function clock(_: Scene, { quality }: Report): string[] {
  const words = [...quality.notes, ...quality.diagnostics.map(({ meaning }) => meaning)].join('\n');
  return /clock/i.test(words) ? [] : ['nothing is said of the clock'];
}

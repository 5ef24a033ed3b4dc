import { pidsOf } from '../../model/machine/roles.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import { count, duration, milliseconds, plural, ratio, round } from '../../trace/format-numbers.ts';
import { SECOND } from '../../trace/time.ts';
import { askNameServer } from '../ask-there.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, type Step, span } from '../finding.ts';
import { mostOrSome } from '../words.ts';
import type { LookupTally } from './lookup-tally.ts';
import type { Metrics, Place } from './metrics.ts';
import { titleOf } from './title.ts';

const SHOWN = 5;
/** A try that took no longer has a limit of a second, as `options timeout:1` sets it. */
const LIMITED_TRY = 1.5 * SECOND;

/** The finding about name lookups for which their thread stood still. */
export function dnsFinding(
  { model, capabilities, goesOn }: Context,
  tally: LookupTally,
  severity: Severity,
  place: Place,
): DraftFinding<Metrics> {
  const { longest, total, first, last, lines } = tally;
  const workers = pidsOf(tally.threads);
  const requests = [...tally.threads].reduce((sum, { process }) => sum + process.requests, 0);
  const blocked = longest?.blocked ?? 0;
  const names = [...tally.names].toSorted((a, b) => b[1].total - a[1].total).slice(0, SHOWN * 2);
  const title = titleOf(tally, place);
  return {
    severity,
    confidence: 'likely',
    title,
    summary: summary(tally, place, requests, goesOn),
    why: isBesideLoop(tally, place) ? WHY_BESIDE_LOOP : WHY[place],
    ...span(capabilities, first, last),
    openEnded: tally.openAtEnd > 0,
    workers,
    metrics: {
      place,
      count: tally.count,
      totalMs: milliseconds(total),
      longestMs: milliseconds(blocked),
      longestWaits: capabilities.times ? tally.longestWaits.told(model) : [],
      questions: tally.questions,
      timeouts: tally.timeouts,
      noSuchName: tally.noSuchName,
      failures: tally.failures,
      searched: tally.searched,
      overTcp: tally.overTcp,
      unanswered: tally.unanswered,
      openAtEnd: tally.openAtEnd,
      perRequest: requests === 0 ? null : round(tally.count / requests, 3),
      names: names.map(([name, each]) => ({
        name,
        count: each.count,
        totalMs: milliseconds(each.total),
        longestMs: milliseconds(each.longest),
      })),
      servers: [...tally.servers].map(([server, lookups]) => ({
        server,
        lookups,
        timeouts: tally.silent.get(server) ?? 0,
      })),
    },
    evidence: lines,
    next: advice(tally, place),
    subjects: [
      ...workers.map((pid) => `pid ${pid}`),
      ...[...tally.requests.keys()].slice(0, SHOWN).map((request) => `request ${request}`),
    ],
  };
}

function summary(tally: LookupTally, place: Place, requests: number, goesOn: boolean): string {
  const { longest, timeouts, timedOut, openAtEnd, noSuchName, failures, searched } = tally;
  const who = isBesideLoop(tally, place)
    ? plural(tally.threads.size, 'thread beside the event loop', 'threads beside the event loop')
    : plural(tally.threads.size, WHO[place]);
  const servers = [...tally.servers.keys()].slice(0, 3).join(', ');
  const parts = [
    `${plural(tally.count, 'name lookup')} through the C library on ${who} took ${duration(tally.total)} in all, ` +
      'the longest ' +
      `${longest?.openAtEnd ? 'at least ' : ''}${duration(longest?.blocked ?? 0)}` +
      `${longest?.name ? ` for ${longest.name}` : ''}` +
      `${servers === '' ? '' : `, asking ${servers}`}.`,
  ];
  if (timeouts > 0)
    parts.push(
      `${plural(timeouts, 'try', 'tries')} in ${plural(timedOut, 'lookup')} got no answer in ` +
        `time${silentServers(tally)}.`,
    );
  if (openAtEnd > 0) {
    const lookups = plural(openAtEnd, 'lookup');
    const have = openAtEnd === 1 ? 'has' : 'have';
    parts.push(goesOn ? `${lookups} ${have} no answer yet.` : `${lookups} had no answer when the capture ended.`);
  }
  if (noSuchName > 0)
    parts.push(
      `${plural(noSuchName, 'answer')} said that there is no such ` +
        `name${searched > 0 ? `; ${plural(searched, 'lookup')} tried search domains` : ''}.`,
    );
  if (failures > 0) parts.push(`${plural(failures, 'answer')} reported another failure of the name server.`);
  const [request] = [...tally.requests].toSorted((a, b) => b[1].count - a[1].count);
  if (request !== undefined) {
    const [name, { count: lookups }] = request;
    parts.push(
      `${mostOrSome(lookups, tally.count, 'The lookup')} ${lookups === 1 ? 'was' : 'were'} made while serving ${name}.`,
    );
  }
  if (requests > 0 && tally.count >= requests)
    parts.push(`That is ${ratio(tally.count / requests)} a request: answers are not cached.`);
  return parts.join(' ');
}

const WHY: Readonly<Record<Place, string>> = {
  loop:
    'The resolver of the C library waits in its own poll, 5 s for each try unless configured otherwise. Until it has ' +
    'an answer the loop runs nothing else.',
  worker:
    'The resolver of the C library waits 5 s for each try unless configured otherwise. For that time it holds its ' +
    'worker.',
  pool:
    'The resolver of the C library waits 5 s for each try unless configured otherwise. Whoever needs the answer ' +
    'waits for that long.',
};

const WHY_BESIDE_LOOP =
  'The resolver of the C library waits 5 s for each try unless configured otherwise. The loop goes on, but the ' +
  'request that asked for the name waits. When lookups hold all threads of the pool, its other work waits, too.';

/** The lookups of a pool were made for the loop of its process. */
function isBesideLoop({ threads }: LookupTally, place: Place): boolean {
  return place === 'pool' && [...threads].some(({ process }) => threadsOf(process).some(({ loop }) => loop.turns > 0));
}

const WHO: Readonly<Record<Place, string>> = {
  loop: 'event loop',
  worker: 'worker',
  pool: 'thread',
};

/** Which of several servers kept silent. */
function silentServers({ silent }: LookupTally): string {
  const [first, ...others] = [...silent].toSorted((a, b) => b[1] - a[1]).slice(0, 3);
  if (first === undefined) return '';
  if (others.length === 0) return ` from ${first[0]}`;
  return `: ${[first, ...others].map(([server, times]) => `${count(times)} from ${server}`).join(', ')}`;
}

function advice(tally: LookupTally, place: Place): Step[] {
  const { total, timeouts, searched, noSuchName } = tally;
  const steps: Step[] = [lookUpByHand(tally)];
  if (timeouts > 0) {
    const repair = 'A name server does not answer: repair it, or take it out of /etc/resolv.conf.';
    const command = 'cat /etc/resolv.conf';
    steps.push(
      total < timeouts * LIMITED_TRY
        ? { text: repair, command }
        : {
            text: `${repair} "options timeout:1 attempts:2" there limits how long a dead one holds a lookup.`,
            command,
            caveat: 'With timeout:1 an answer that takes longer than a second is lost as well.',
          },
    );
  }
  if (searched > 0 || noSuchName > 1)
    steps.push({
      text:
        'Write names with a dot at the end, or lower ndots: each search domain is a lookup of its own before ' +
        'the right one.',
      caveat: 'Short names that rely on a search domain stop working.',
    });
  if (place === 'loop')
    steps.push({
      text:
        "Let the loop's own resolver do it (gevent's default one runs in threads, asyncio's loop.getaddrinfo " +
        'too), or look the name up once and store the address.',
      caveat: 'Lookups inside C extensions cannot be patched; a stored address misses a change of the record.',
    });
  if (place === 'pool' && [...tally.threads].some(({ process }) => process.server === 'node'))
    steps.push({
      text:
        'dns.lookup() of node takes one of 4 threads, which files and crypto need as well: use dns.resolve() where ' +
        '/etc/hosts is not needed, or more threads.',
      command: 'UV_THREADPOOL_SIZE=16 node SCRIPT',
      caveat: 'More threads only let more lookups wait at a time.',
    });
  steps.push({
    text:
      'A cache on the host (systemd-resolved, nscd, dnsmasq) or a connection pool to the service makes lookups ' +
      'rare.',
    caveat: 'A cache still makes one slow lookup each time the record expires.',
  });
  return steps;
}

/** A name that was masked, or that is none a shell takes, cannot be looked up: its server can be asked all the same. */
function lookUpByHand({ longest, servers }: LookupTally): Step {
  const name = longest?.name ?? '';
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(name)) return askNameServer([...servers.keys()][0] ?? '');
  return {
    text: 'Look the same name up by hand, and see which name server is slow.',
    command: `time getent ahosts ${name}`,
  };
}

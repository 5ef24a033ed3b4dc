import { pidsOf } from '../../model/machine/roles.ts';
import { duration, milliseconds, plural, ratio, round } from '../../trace/format-numbers.ts';
import { UNKNOWN } from '../../trace/time.ts';
import type { DraftFinding, Severity, Step } from '../finding.ts';
import type { LookupTally } from './lookup-tally.ts';
import type { Metrics } from './metrics.ts';

const SHOWN = 5;
const LONGEST_TITLE = 78;

/**
 * The finding about name lookups for which their worker stood still. `isLoop`: the threads are event loops, not sync
 * workers.
 */
export function dnsFinding(tally: LookupTally, severity: Severity, isLoop: boolean): DraftFinding<Metrics> {
  const { longest, total, first, last, lines } = tally;
  const workers = pidsOf(tally.threads);
  const requests = [...tally.threads].reduce((sum, { process }) => sum + process.requests, 0);
  const blocked = longest?.blocked ?? 0;
  const names = [...tally.names].toSorted((a, b) => b[1].total - a[1].total).slice(0, SHOWN * 2);
  const title =
    `${plural(tally.count, 'name lookup')} on the ${isLoop ? 'loop' : 'worker'}, longest ` +
    `${duration(blocked)}${longest?.name ? `: ${longest.name}` : ''}`;
  return {
    severity,
    confidence: 'likely',
    title: title.length > LONGEST_TITLE ? `${title.slice(0, LONGEST_TITLE - 3)}...` : title,
    summary: summary(tally, isLoop, requests),
    why: isLoop
      ? 'The resolver of the C library waits in its own poll, 5 s for each try unless told otherwise. Until it has ' +
        'an answer the loop runs nothing else.'
      : 'The resolver of the C library waits 5 s for each try unless told otherwise, and holds its worker for so long.',
    start: first,
    end: last === 0 ? UNKNOWN : last,
    openEnded: longest?.isOpen === true,
    workers,
    metrics: {
      count: tally.count,
      totalMs: milliseconds(total),
      longestMs: milliseconds(blocked),
      questions: tally.questions,
      timeouts: tally.timeouts,
      noSuchName: tally.noSuchName,
      failures: tally.failures,
      searched: tally.searched,
      overTcp: tally.overTcp,
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
    next: advice(tally, isLoop),
    subjects: [
      ...workers.map((pid) => `pid ${pid}`),
      ...[...tally.requests.keys()].slice(0, SHOWN).map((request) => `request ${request}`),
    ],
  };
}

function summary(tally: LookupTally, isLoop: boolean, requests: number): string {
  const { longest, timeouts, timedOut, noSuchName, failures, searched } = tally;
  const who = isLoop ? plural(tally.threads.size, 'event loop') : plural(tally.threads.size, 'sync worker');
  const servers = [...tally.servers.keys()].slice(0, 3).join(', ');
  const parts = [
    `${plural(tally.count, 'name lookup')} through the C library on ${who} took ${duration(tally.total)} in all, ` +
      'the longest ' +
      `${duration(longest?.blocked ?? 0)}${longest?.name ? ` for ${longest.name}` : ''}` +
      `${servers === '' ? '' : `, asking ${servers}`}.`,
  ];
  if (timeouts > 0)
    parts.push(
      `${plural(timeouts, 'try', 'tries')} in ${plural(timedOut, 'lookup')} got no answer in time and asked ` +
        `again${silentServers(tally)}.`,
    );
  if (noSuchName > 0)
    parts.push(
      `${plural(noSuchName, 'answer')} said that there is no such ` +
        `name${searched > 0 ? `; ${plural(searched, 'lookup')} tried search domains` : ''}.`,
    );
  if (failures > 0) parts.push(`${plural(failures, 'answer')} told another failure of the name server.`);
  const request = [...tally.requests].toSorted((a, b) => b[1] - a[1])[0];
  if (request !== undefined) parts.push(`Most were made while serving ${request[0]}.`);
  if (requests > 0 && tally.count >= requests)
    parts.push(`That is ${ratio(tally.count / requests)} a request: nothing is remembered.`);
  return parts.join(' ');
}

/** Which of several servers kept silent. */
function silentServers({ silent }: LookupTally): string {
  const names = [...silent]
    .toSorted((a, b) => b[1] - a[1])
    .map(([server, times]) => `${server} ${plural(times, 'time')}`);
  return names.length === 0 ? '' : `: ${names.slice(0, 3).join(', ')}`;
}

function advice({ longest, timeouts, searched, noSuchName }: LookupTally, isLoop: boolean): Step[] {
  const name = longest?.name && /^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(longest.name) ? longest.name : 'NAME';
  const steps: Step[] = [
    { text: 'Ask the same thing by hand, and see which name server is slow.', command: `time getent ahosts ${name}` },
  ];
  if (timeouts > 0)
    steps.push({
      text:
        'A name server does not answer: take it out of /etc/resolv.conf, or repair it; options timeout:1 ' +
        'attempts:2 limits what a dead one costs.',
      command: 'cat /etc/resolv.conf',
      caveat: 'With timeout:1 a slow answer is lost as well.',
    });
  if (searched > 0 || noSuchName > 1)
    steps.push({
      text:
        'Write names with a dot at the end, or lower ndots: each search domain is a lookup of its own before ' +
        'the right one.',
      caveat: 'Short names that rely on a search domain stop working.',
    });
  if (isLoop)
    steps.push({
      text:
        "Let the loop's own resolver do it (gevent's default one runs in threads, asyncio's loop.getaddrinfo " +
        'too), or look up once and keep the address.',
      caveat: 'Lookups inside C extensions cannot be patched; a kept address misses a change of the record.',
    });
  steps.push({
    text:
      'A cache on the host (systemd-resolved, nscd, dnsmasq) or a connection pool to the service makes lookups ' +
      'rare.',
    caveat: 'A cache still makes one slow lookup each time the record expires.',
  });
  return steps;
}

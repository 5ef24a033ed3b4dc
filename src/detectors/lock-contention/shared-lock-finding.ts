import { count, duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import type { Nanoseconds } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import type { DraftFinding, Severity, Step } from '../finding.ts';
import { SEE_FILE_LOCKS } from '../lock-holder.ts';
import { CLOSE_THE_SESSION, SESSION_FILE } from '../php-session.ts';
import { seeCode } from '../see-code.ts';
import { mostOrSome, often } from '../words.ts';
import type { Metrics } from './metrics.ts';
import type { LockStory } from './shared-lock-waits.ts';

const LONGEST_TITLE = 78;
const SHOWN = 5;

/** The finding about one lock that processes share. `served` is how long threads that serve requests waited for it. */
export function sharedLockFinding(
  { model }: Context,
  story: LockStory,
  severity: Severity,
  served: Nanoseconds,
): DraftFinding<Metrics> {
  const { lock, waits, total, longest, first, last, lines } = story;
  const name = shownName(lock.name);
  const waiters = [...new Set([...story.waiters.keys()].map(({ process }) => process.pid))];
  const holders = [...story.holders].toSorted((a, b) => b[1].total - a[1].total);
  const requests = [...story.requests].toSorted((a, b) => b[1] - a[1]).slice(0, SHOWN);
  return {
    severity,
    confidence: holders.length > 0 ? 'likely' : 'possible',
    title: title(`${plural(waiters.length, 'process', 'processes')} waited ${duration(total)} for`, name),
    summary: summary(story, waiters, holders),
    why:
      'One lock admits one holder at a time, however many workers there are: while one works under it, the ' +
      'others stand still, and a longer queue makes each of them slower.',
    start: first,
    end: last,
    openEnded: false,
    workers: waiters,
    metrics: {
      lock: name,
      count: waits,
      totalMs: milliseconds(total),
      longestMs: milliseconds(longest),
      longestWaits: story.longestWaits.told(model),
      servingMs: milliseconds(served),
      asking: story.polled,
      refused: story.refused,
      longestHeldMs: holders.length === 0 ? null : milliseconds(story.longestHeld),
      waiters: [...story.waiters]
        .toSorted((a, b) => b[1].total - a[1].total)
        .slice(0, SHOWN * 4)
        .map(([thread, waiter]) => ({
          pid: thread.process.pid,
          tid: thread.tid,
          waits: waiter.count,
          waitedMs: milliseconds(waiter.total),
        })),
      holders: holders
        .slice(0, SHOWN * 4)
        .map(([pid, held]) => ({ pid, waits: held.waits, waitedMs: milliseconds(held.total) })),
      unknownHolder: story.unknownHolder,
      requests: requests.map(([request, times]) => ({ request, waits: times })),
    },
    evidence: lines,
    next: advice(story),
    subjects: [...waiters.map((pid) => `pid ${pid}`), `target ${lock.name}`],
  };
}

/** PHP names a session's file after the id in its client's cookie. */
function shownName(name: string): string {
  return name.replace(SESSION_FILE, '/sess_…');
}

function title(start: string, name: string): string {
  const room = LONGEST_TITLE - start.length - 1;
  return `${start} ${name.length > room ? `…${name.slice(1 - room)}` : name}`;
}

function summary(
  story: LockStory,
  waiters: readonly number[],
  holders: readonly [number, { readonly waits: number }][],
): string {
  const { lock, waits, total, longest, polled, refused, open } = story;
  const how =
    polled === 0
      ? ''
      : ` In ${count(polled)} of them the process asked again and again, as the busy handler of SQLite does.`;
  const left = open === 0 ? '' : ` ${plural(open, 'wait')} had not ended when the capture did.`;
  const given = refused - open;
  const failed = `${left}${given <= 0 ? '' : ` ${plural(given, 'wait')} ended without the lock: the process gave up.`}`;
  const asked = [...story.requests].toSorted((a, b) => b[1] - a[1])[0];
  const whom =
    asked === undefined ? '' : ` ${mostOrSome(asked[1], waits, 'The process')} waited while serving ${asked[0]}.`;
  return (
    `${plural(waiters.length, 'process', 'processes')} waited ${often(waits)} for ${shownName(lock.name)}: ` +
    `${duration(total)}${waits === 1 ? '' : ` in all, the longest ${duration(longest)}`}.${how}${failed} ` +
    `${heldBy(story, holders)}${whom}`
  );
}

function heldBy(
  { longestHeld, unknownHolder, unknownTotal, total, waits }: LockStory,
  holders: readonly [number, { readonly waits: number }][],
): string {
  if (holders.length === 0) return 'The capture does not show who held it.';
  const names = holders.slice(0, SHOWN).map(([pid, { waits: times }]) => `${pid} (in ${plural(times, 'wait')})`);
  const more = holders.length > SHOWN ? ` and ${holders.length - SHOWN} more` : '';
  if (unknownTotal * 2 >= total)
    return (
      `The capture does not show who held it in ${plural(unknownHolder, 'wait')}, ${duration(unknownTotal)} in all. ` +
      `In the others it was held by ${holdersOf(names, more)}, for up to ${duration(longestHeld)} at a time.`
    );
  const unknown =
    unknownHolder === 0
      ? ''
      : `; in ${count(unknownHolder)} of ${plural(waits, 'wait')} the capture does not show who held it`;
  return `It was held by ${holdersOf(names, more)}, for up to ${duration(longestHeld)} at a time${unknown}.`;
}

const holdersOf = (names: readonly string[], more: string): string => `pid ${names.join(', ')}${more}`;

function advice({ lock, waiters, polled }: LockStory): Step[] {
  const onDisk = lock.name.startsWith('/');
  const isDatabase = /\.(db|sqlite3?)(-shm|-wal|-journal)?$/.test(lock.name);
  const waiter = [...waiters.keys()].at(0)?.process;
  const steps: Step[] = [
    {
      text:
        'While processes wait: see who holds the lock' +
        `${onDisk ? ' (column BLOCKER of those who wait)' : ''}, and what that process does meanwhile. Then make it ` +
        'hold the lock for a shorter time.',
      command: onDisk ? SEE_FILE_LOCKS : 'ipcs -s -p',
    },
  ];
  if (SESSION_FILE.test(lock.name)) steps.push(CLOSE_THE_SESSION);
  else if (isDatabase || (polled > 0 && onDisk))
    steps.push({
      text:
        'A SQLite database has one writer at a time: keep write transactions short (no other work between BEGIN ' +
        'and COMMIT), try PRAGMA journal_mode=WAL so that readers do not wait, or move the writes to a server or a ' +
        'single writer.',
      caveat:
        'WAL needs all users on one host, and still has one writer. A longer busy timeout makes requests wait longer.',
    });
  else
    steps.push({
      text:
        'Let one process do what the lock protects (a log handler that ships records to one writer, one cron ' +
        'job instead of a lock in each worker), or give each worker its own file.',
      caveat: 'Programs that read the file then have to join the parts.',
    });
  if (waiter !== undefined) steps.push(seeCode(waiter, 'See the code of the waiting worker that asks for the lock.'));
  return steps;
}

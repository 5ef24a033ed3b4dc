import { isWorkerRole, rolesIn } from '../../model/machine/roles.ts';
import type { Death } from '../../model/topics/deaths/death-tracker.ts';
import { ASKED } from '../../model/topics/deaths/sent-signals.ts';
import { duration, milliseconds, plural } from '../../trace/format-numbers.ts';
import { MILLISECOND, UNKNOWN } from '../../trace/time.ts';
import { cutTitle } from '../cut-title.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Severity, type Step, span } from '../finding.ts';
import { millisecondsAt, processName } from '../words.ts';
import { isCutOff } from './cut-off.ts';
import { type LastWait, lastWaitOf } from './last-wait.ts';
import type { Metrics } from './metrics.ts';

/** Deaths of one kind: the same signal or status, under one parent. */
export interface Group {
  readonly deaths: readonly Death[];
  readonly severity: Severity;
  readonly isLoop: boolean;
}

const MOST = 50;
const MOST_LINES = 6;
const MOST_NAMED = 5;

/** Who died, of what, and who took the place. */
export function finding(context: Context, { deaths: asRead, severity, isLoop }: Group): DraftFinding<Metrics> {
  const { model, capabilities } = context;
  // A capture whose clock goes backwards has them in another order; without times the order stays.
  const deaths = asRead.toSorted((a, b) => a.at - b.at);
  const [first] = deaths;
  const last = deaths.at(-1);
  if (first === undefined || last === undefined) throw new Error('a group has a death at least');
  const pids = deaths.map(({ pid }) => pid).filter((pid) => pid > 0);
  const waits = lastWaits(context, deaths);
  return {
    severity,
    confidence: first.isAssumed
      ? 'possible'
      : first.hasServed || first.signal !== '' || isLoop || first.parent !== null
        ? 'likely'
        : 'possible',
    title: titleOf(deaths, isLoop, waits),
    summary: summaryOf(first, deaths, waits.get(first) ?? null),
    why: WHY[serves(context, deaths) ? 'worker' : 'alone'],
    ...span(capabilities, first.at, last.at),
    openEnded: false,
    workers: pids.slice(0, MOST),
    metrics: {
      deaths: deaths.slice(0, MOST).map((death) => ({
        pid: death.pid,
        atMs: capabilities.times && death.at !== UNKNOWN ? millisecondsAt(model, death.at) : null,
        signal: death.signal === '' ? null : death.signal,
        status: death.status,
        coreDumped: death.coreDumped,
        assumed: death.isAssumed,
        killedBy: death.sender === 0 ? null : death.sender,
        lastCall: waits.get(death)?.left.name ?? (death.lastCall === '' ? null : death.lastCall),
        lastCallMs: waits.has(death) ? milliseconds(waits.get(death)?.lasted ?? 0) : null,
        printed: printedBy(death),
        replacedBy: death.replacedBy === 0 ? null : death.replacedBy,
      })),
      count: deaths.length,
    },
    evidence: evidenceOf(deaths, waits),
    next: [...supervised(first, waits.get(first) ?? null), ...adviceFor(first)],
    subjects: pids.slice(0, MOST).map((pid) => `pid ${pid}`),
  };
}

function printedBy({ words }: Death): Metrics['deaths'][number]['printed'] {
  if (words === null) return null;
  const { lines, error, leftOut } = words;
  return { lines: lines.map(({ text }) => text), error: error?.text ?? null, leftOut };
}

/** Of whoever told why: the line that names the error, and the first one, before the lines that tell the end. */
function evidenceOf(deaths: readonly Death[], waits: ReadonlyMap<Death, LastWait>): DraftFinding<Metrics>['evidence'] {
  const words = deaths.find((death) => death.words !== null)?.words;
  const told = words == null ? [] : [words.lines[0], words.error].flatMap((line) => line?.shown ?? []);
  const all = [...told, ...deaths.flatMap((death) => [...[waits.get(death)?.left.line ?? []].flat(), ...death.lines])];
  return all
    .filter((line, index) => all.findIndex((each) => each.line === line.line && each.file === line.file) === index)
    .slice(0, MOST_LINES);
}

const WHY = {
  worker:
    'A request that the process was working on is lost with it, and its clients see a reset or a 502. Until another ' +
    'process is ready, the service has one worker less.',
  alone: 'What the process was doing is lost with it. The capture shows nobody who accepts connections.',
} as const;

/** Somebody in the capture accepts connections, or governs those that do. */
function serves({ model }: Context, deaths: readonly Death[]): boolean {
  if (deaths.some(({ hasServed }) => hasServed)) return true;
  return [...rolesIn(model.processes).values()].some((role) => role === 'master' || isWorkerRole(role));
}

function how({ signal, status, coreDumped, isAssumed }: Death): string {
  if (isAssumed) return `got ${signal}, and no later line of it is in the capture`;
  if (signal === '') return `exited with status ${status}`;
  return `was killed by ${signal}${coreDumped ? ' (core dumped)' : ''}`;
}

/** Of those that had not come back from a call for long. */
function lastWaits(
  { model, capabilities, threshold }: Context,
  deaths: readonly Death[],
): ReadonlyMap<Death, LastWait> {
  const found = new Map<Death, LastWait>();
  if (!capabilities.times) return found;
  for (const death of deaths.slice(0, MOST)) {
    const wait = lastWaitOf(model, death, threshold('stuck-ms') * MILLISECOND + capabilities.resolution);
    if (wait !== null) found.set(death, wait);
  }
  return found;
}

function titleOf(deaths: readonly Death[], isLoop: boolean, waits: ReadonlyMap<Death, LastWait>): string {
  const [first] = deaths;
  if (first === undefined) return '';
  if (isCutOff(first)) {
    const request = deaths.find(({ cutOff }) => cutOff !== null && cutOff !== '')?.cutOff ?? '';
    const who = plural(deaths.length, 'worker was', 'workers were');
    return cutTitle(`${who} ended by ${first.signal} in a request${request === '' ? '' : `: ${request}`}`);
  }
  if (deaths.length === 1) return withWait(`${processName(first.pid)} ${how(first)}`, [...waits.values()]);
  const what = first.signal === '' ? `exited with status ${first.status}` : `were killed by ${first.signal}`;
  const all = `${isLoop ? 'Crash loop: ' : ''}${plural(deaths.length, 'process', 'processes')} ${what}`;
  return waits.size < deaths.length ? all : withWait(all, [...waits.values()]);
}

/** `… after 30.8 s in recvfrom on fd 63`: what they had not come back from says why somebody killed them. */
function withWait(title: string, waits: readonly LastWait[]): string {
  const [first] = waits;
  if (first === undefined || waits.some(({ left }) => left.name !== first.left.name)) return title;
  const longest = Math.max(...waits.map(({ lasted }) => lasted));
  const isLeast = waits.some(({ left }) => left.beganBefore);
  const bound = waits.length > 1 ? 'up to ' : isLeast ? 'at least ' : '';
  const after = `after ${bound}${duration(longest)} in ${first.left.name}`;
  const isOne = waits.every(({ left }) => left.target === first.left.target) && first.left.target !== '';
  const ways = [...(isOne ? [`${title} ${after} on ${first.left.target}`] : []), `${title} ${after}`, title];
  return ways.find((each) => each === cutTitle(each)) ?? title;
}

function summaryOf(first: Death, deaths: readonly Death[], lastWait: LastWait | null): string {
  const served = first.hasServed ? (first.isAssumed ? '; it had served before' : ' after it had served') : '';
  const sentences = [`${processName(first.pid)} ${how(first)}${served}.`];
  if (first.signal !== '') {
    if (first.isOwnDoing && first.signal === 'SIGPIPE' && first.pid === 0)
      sentences.push(`The kernel sent the signal for its own write: it is process ${first.sender}.`);
    else if (first.isOwnDoing) sentences.push('Its own code caused the signal.');
    else if (first.sender > 0)
      sentences.push(
        `Process ${first.sender}${first.sender === first.parent?.pid ? ', its parent,' : ''} sent the signal.`,
      );
    else if (first.signal === 'SIGKILL')
      sentences.push(
        'The trace does not show who sent it: an operator, a supervisor, or the kernel when memory ran out.',
      );
  }
  if (isCutOff(first)) sentences.push('The request that it had read got no answer.');
  if (first.abortedBy > 0)
    sentences.push(`Process ${first.abortedBy} had sent it SIGABRT, as gunicorn does with a worker that is late.`);
  sentences.push(...wordsOf(first, deaths));
  if (lastWait !== null) sentences.push(inWords(lastWait));
  else if (first.lastCall !== '') sentences.push(`Its last call was ${first.lastCall}.`);
  if (!first.hasServed && first.signal === '' && first.parent !== null)
    sentences.push('It had not accepted a connection before.');
  if (first.replacedBy > 0) sentences.push(`${processName(first.parent?.pid ?? 0)} started ${first.replacedBy} next.`);
  const others = deaths.slice(1, MOST_NAMED + 1).map(({ pid }) => pid);
  if (others.length > 0) {
    const more = deaths.length - 1 - others.length;
    sentences.push(`So did ${others.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`);
  }
  return sentences.join(' ');
}

function inWords({ left, wait, lasted }: LastWait): string {
  const long = `${left.beganBefore ? 'at least ' : ''}${duration(lasted)}`;
  return `It had been in ${left.name} for ${long}, and waited for ${wait.what}.`;
}

/** What it printed, or wrote to a log, before it ended: the error, or the first line where none is named. */
function wordsOf(first: Death, deaths: readonly Death[]): readonly string[] {
  const told = deaths.find(({ words }) => words !== null);
  const line = told?.words?.error ?? told?.words?.lines[0];
  if (told === undefined || line === undefined) return [];
  const who = told === first ? 'Before that it' : processName(told.pid);
  const isPart = told.words?.isCut === true && told.words.error === null;
  const cut = isPart ? ' The capture has only the beginning of that.' : '';
  const did = told.words?.log ? `wrote to ${told.words.log}` : 'printed';
  return [`${who} ${did}: ${line.text.endsWith(' ...') ? line.text : `${line.text.replace(/[.\s]+$/, '')}.`}${cut}`];
}

/** Most who kill a worker that has done nothing wrong are supervisors that waited for it long enough. */
function supervised({ signal, sender }: Death, lastWait: LastWait | null): readonly Step[] {
  if (lastWait === null || sender > 0 || signal !== 'SIGKILL') return [];
  return [
    {
      text:
        `Find out why that took so long: it waited for ${lastWait.wait.what}. A supervisor kills a worker that takes ` +
        'longer than it allows: --timeout of gunicorn (30 s), harakiri of uWSGI, the watchdog of systemd.',
    },
  ];
}

function adviceFor({ signal, sender, isOwnDoing, coreDumped, process, pid, words }: Death): readonly Step[] {
  const asked = pid === 0 ? 'PID' : String(pid);
  if (signal === 'SIGKILL' && sender > 0 && !isOwnDoing)
    return [
      {
        text: `See who ${sender} is. When it has ended, its parent or the log of commands may tell.`,
        command: `ps -o pid,ppid,user,lstart,args -p ${sender}`,
      },
    ];
  if (signal === 'SIGKILL')
    return [
      {
        text:
          'See whether the kernel killed it because memory ran out. A line "Out of memory: Killed process" says so; ' +
          'without one it was somebody else.',
        command: `dmesg -T | grep -i -E 'killed process|oom' | tail; journalctl -k --since -1h | grep -i oom | tail`,
        needs: 'root',
      },
      {
        text: 'See whether the memory limit of a container or unit was reached.',
        command: 'cat /sys/fs/cgroup/memory.events; systemctl status SERVICE',
      },
    ];
  if (ASKED.has(signal))
    return [
      {
        text:
          'See what the request waited for. php-fpm ends a worker whose request takes longer than ' +
          'request_terminate_timeout, and the client gets a 502.',
      },
      { text: 'Read what the parent logged when it did so.', command: 'journalctl -u SERVICE -n 100' },
    ];
  if (signal !== '')
    return [
      ...(coreDumped
        ? [
            {
              text: 'Look at the core dump: the stack says where it crashed.',
              command: `coredumpctl info ${asked}`,
              needs: 'systemd-coredump; else look where /proc/sys/kernel/core_pattern puts core dumps',
            },
          ]
        : []),
      { text: 'See what the kernel says about it.', command: 'dmesg -T | tail -20', needs: 'root' },
      ...(signal === 'SIGABRT'
        ? [
            {
              text: 'A library calls abort() after it has printed why: read the standard error of the service.',
              command: 'journalctl -u SERVICE -n 100',
            },
          ]
        : []),
      ...(signal === 'SIGPIPE'
        ? [{ text: 'Ignore SIGPIPE in the program: the write then fails with EPIPE, and the program can go on.' }]
        : []),
    ];
  return [
    {
      text: 'Read what the program printed just before: mostly an exception with its traceback.',
      command: 'journalctl -u SERVICE -n 100',
      caveat:
        process === null
          ? 'The process itself was not traced: attach to its parent with -f to see what it does.'
          : 'A status of 3 or 4 of a gunicorn worker says that the application could not be loaded.',
    },
    ...(words?.isCut === true
      ? [
          {
            text: 'Record more of each write (-s): then the whole traceback is in the capture.',
            command: 'strace -f -ttt -T -y -s 4096 -o trace.strace -p PID',
          },
        ]
      : []),
    { text: 'Start the program by hand, as the same user and in the same directory.' },
  ];
}

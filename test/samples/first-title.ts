import { causesIn } from '../../src/analysis/causes.ts';
import type { Report } from '../../src/index.ts';
import { type Act, hasOldClients, type Scene, type ServerTruth } from './server-truth.ts';
import { NOTICED_MS } from './wanted.ts';

/** The first line says what was done, to whom, and in which request. */
export function firstTitle({ truth }: Scene, { findings }: Report): string[] {
  const first = causesIn(findings)[0]?.title ?? '';
  return wordsOf(truth).flatMap((words) => (words.test(first) ? [] : [`no ${words} in the first title: ${first}`]));
}

/** What the first title must hold, from what was done and what its clients asked. */
export function wordsOf(truth: ServerTruth): RegExp[] {
  const held = truth.load.filter(({ label }) => label === 'sleep' || label === 'regex');
  // A scene without an act is a twin, in which nothing is to be found.
  const behind = truth.load.filter(
    ({ label, asks }) => label === 'behind' && asks.startsWith('/') && truth.acts.length > 0,
  );
  // Of some jobs that a loop hands to threads the request is not known: then their number is told in place of its name.
  const orMany = truth.acts.some(({ act }) => act === 'queue') ? '|^\\d+ requests waited ' : '';
  return [
    ...truth.acts.flatMap((act) => ofAct(act, truth)),
    ...held.map(({ asks }) => new RegExp(`^(?:GET )?${escaped(asks.replace(/ \d+$/, ''))} holds `)),
    // A server that speaks FastCGI is asked by the path of a file.
    ...behind.map(({ asks }) => new RegExp(`GET (?:/\\S*)?${escaped(asks.slice(asks.lastIndexOf('/')))}${orMany}`)),
  ];
}

/** The threshold of `session-lock`. */
const SESSION_LOCK_MS = 1_000;

function ofAct(act: Act, truth: ServerTruth): RegExp[] {
  const { slowestMs, load } = truth;
  switch (act.act) {
    case 'exhaust':
    case 'wait':
      // Threads of the server itself took that long.
      if (act.upstream === '') return act.act === 'wait' ? [] : [/ holds (?:both|all \d+) pool threads /];
      // Whose request threads wait for that a loop hands its work to nothing tells: what holds all of them is named.
      return [
        new RegExp(
          '(?:waited (?:up to |at least )?[\\d.]+ m?s for |(?:holds|busy) .* time: (?:\\w+ on |waits for )?)' +
            escaped(act.upstream),
        ),
      ];
    case 'queue':
      return [
        // A database that was connected before the capture has no address there, only what it speaks.
        new RegExp(
          `waited up to .* for (?:a free connection|one of \\d connections) to (?:${escaped(act.upstream)}|PostgreSQL)`,
        ),
      ];
    case 'refuse':
      return [new RegExp(`^\\d+ of \\d+ ${act.what}s (?:refused|failed)`)];
    case 'limit':
      return [new RegExp(`^Nobody accepted .* \\(${act.connections} connections open\\): `)];
    case 'keep':
      return [/held by idle connections/];
    case 'stop':
      return [new RegExp(`Worker ${act.pid} .*stopped by SIGSTOP`)];
    case 'quota':
      return [new RegExp(`Worker ${act.pid} .*(?:did not run|throttled)`)];
    case 'fill-disk':
      return [/ENOSPC/];
    case 'deaf-name-server':
      return [new RegExp(`${escaped(act.server)}:53`)];
    case 'reload':
      return slowestMs < NOTICED_MS ? [] : [/^No worker/];
    case 'lock':
      return [/^GET \/lock: .* wait up to [\d.]+ m?s for one lock/];
    case 'row-lock': {
      // As many of its clients waited for longer than the threshold.
      const waits = load.flatMap(({ slow }) => slow.filter(({ ms }) => ms >= SESSION_LOCK_MS)).length;
      // Who held the row slept in a statement, or asked nothing.
      const whom = hasOldClients(truth) ? 'process \\d+, idle in a transaction' : 'a lock of process \\d+';
      return [new RegExp(`^${waits} statements waited up to 1\\.\\d+ s for ${whom}$`)];
    }
    case 'clock-step':
      return [];
  }
}

const escaped = (words: string): string => words.replaceAll(/[.[\]]/g, '\\$&');

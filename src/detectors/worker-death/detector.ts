import { clienteleOf } from '../../model/machine/clientele.ts';
import type { Opener } from '../../model/machine/listener.ts';
import type { Process } from '../../model/machine/process.ts';
import { isBelow, isWorkerRole, leavesServing, type Role, rolesIn } from '../../model/machine/roles.ts';
import type { Thread } from '../../model/machine/thread.ts';
import type { Model } from '../../model/model.ts';
import { type Death, DeathTracker } from '../../model/topics/deaths/death-tracker.ts';
import { ASKED, CRASHES } from '../../model/topics/deaths/sent-signals.ts';
import { plural } from '../../trace/format-numbers.ts';
import { groupedBy } from '../../trace/grouped-by.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { isCutOff } from './cut-off.ts';
import { finding, type Group } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

export const workerDeath = defineDetector({
  kind: 'worker-death',
  title: 'A worker was killed, crashed or failed to start',
  needs: [],
  thresholds: {
    'death-loop': {
      default: 3,
      unit: 'deaths',
      meaning: 'So many children of one parent that end in the same way are a crash loop, which is critical.',
    },
  },
  alsoUses: ['stuck-ms'],
  // Who waits too long is ended by its parent.
  follows: { kinds: ['slow-dependency'], anywhere: false },
  trackers: [DeathTracker],
  judgesCounts: 'watched',
  metrics,
  create(context) {
    return { on: {}, conclude: () => withoutStatus(context, conclude(context)) };
  },
});

/** A capture that counts tells signals that kill, and no exit status. */
function withoutStatus({ model }: Context, conclusion: Conclusion<Metrics>): Conclusion<Metrics> {
  if (!model.watch.isActive || conclusion.outcome.status !== 'clear') return conclusion;
  return notApplicable('No process was killed by a signal; the counts do not tell with which status others ended');
}

function conclude(context: Context): Conclusion<Metrics> {
  const { model } = context;
  const deaths = model.topic(DeathTracker);
  const roles = rolesIn(model.processes);
  const governing = governingParents(model, roles);
  const masters = [...roles].filter(([, role]) => role === 'master').map(([{ process }]) => process);
  const serving = new Set<Opener>([...governing, ...masters]);
  const workers = new Set([...roles].filter(([, role]) => isWorkerRole(role)).map(([{ process }]) => process));
  const failed = new Set(deaths.deaths.filter(({ status }) => status !== null).map(({ process }) => process));
  const groups = groupedBy(
    deaths.deaths.filter((death) => isWorth(death, { serving, governing, workers, failed })),
    ({ signal, status, parent }) => `${signal} ${status} ${parent?.pid ?? 0}`,
  );
  if (groups.size === 0) {
    const others = deaths.deaths.length + deaths.more;
    if (deaths.ended + others === 0) return nobodyEnded(context);
    const ended = plural(deaths.ended, 'process', 'processes');
    return clear(
      `${ended} that ended with status 0` +
        `${others === 0 ? '' : `, ${others} that were asked to end or were helper programs`}`,
    );
  }
  const judged = [...groups.values()].map((group) => judge(context, group));
  const count = judged.reduce((sum, group) => sum + group.deaths.length, 0);
  return found(
    `${plural(count, 'process', 'processes')} killed or ended with a status other than 0`,
    judged.map((group) => finding(context, group)),
  );
}

/** strace prints a line when a process ends; other tracers do so only when their program asks for it. */
function nobodyEnded({ model, capabilities }: Context): Conclusion<Metrics> {
  const traced = model.processes.all().length;
  if (traced === 0) return notApplicable('No process is known from the capture');
  return capabilities.stopsThreads
    ? clear(
        traced === 1
          ? 'the capture does not hold the end of the one process that was traced'
          : `the capture holds the end of none of the ${traced} processes that were traced`,
      )
    : notApplicable('The end of no process is in the capture, and the tracer may not have recorded ends');
}

/**
 * Parents of processes that serve: their other children are workers as well, also those that died before they could.
 */
function governingParents({ listeners }: Model, roles: ReadonlyMap<Thread, Role>): ReadonlySet<Opener> {
  const parents = new Set<Opener>();
  for (const [thread, role] of roles) {
    const { parent } = thread.process;
    if (isWorkerRole(role) && parent !== null) parents.add(parent);
  }
  for (const { openedBy } of listeners.all) if (openedBy !== null) parents.add(openedBy);
  return parents;
}

/** Processes, as far as their children are concerned. */
interface Known {
  /** Their children serve, or are meant to. */
  readonly serving: ReadonlySet<Opener>;
  /** Of these the ones that have a listener, or a child that serves. */
  readonly governing: ReadonlySet<Opener>;
  /** They serve themselves: what they start is a helper. */
  readonly workers: ReadonlySet<Process>;
  readonly failed: ReadonlySet<Process | null>;
}

/** 128 and the number of SIGINT or SIGTERM: so Java and shells end that were asked to. */
const ENDED_AS_ASKED: ReadonlySet<number> = new Set([130, 143]);

/** Helper programs that end with a status, and processes that were asked to end, are no news. */
function isWorth(death: Death, { serving, governing, workers, failed }: Known): boolean {
  const { signal, parent, hasServed, isFork, process, wasAsked } = death;
  if (CRASHES.has(signal)) return true;
  if (ASKED.has(signal)) return isCutOff(death);
  // Who was asked to end does so with a status, or is killed when that takes too long; other signals are its own end.
  if (wasAsked && (signal === '' || signal === 'SIGKILL')) return false;
  if (signal === '' && ENDED_AS_ASKED.has(death.status ?? 0)) return false;
  // Who kills its own child and starts no other is done with it, as pools of processes are at their end.
  const isPutAway = signal !== '' && death.sender === parent?.pid && death.replacedBy === 0;
  if (isPutAway && !hasServed && parent !== null && !governing.has(parent)) return false;
  const isMain = parent === null && process?.parent == null;
  // A worker that cannot start takes its parent with it.
  const mayBeWorker = parent !== null && isFork && (serving.has(parent) || failed.has(parent));
  const isWorker = hasServed || (mayBeWorker && (serving.has(parent) || !isBelow(parent, workers)));
  // A process for one client ends with it: with what status is between the two.
  const clientele = process === null ? null : clienteleOf(process);
  if (signal === '' && clientele?.from != null && !clientele.isSeveral) return false;
  // Of an untraced child its parent tells: one that accepts, and serves nobody, forked it for a client.
  if (signal === '' && process === null && isForkingForClients(parent)) return false;
  // Who writes to a pipe that was closed ends so, as half a shell pipeline does.
  // Whoever is traced alone is told where it says itself that it failed.
  if (signal === '') return isWorker || (isMain && death.words !== null);
  if (signal === 'SIGPIPE') return isWorker || (isMain && !isHalfAPipeline(death));
  return isMain || isWorker || isFork;
}

function isForkingForClients(parent: Process | null): boolean {
  return parent !== null && parent.forks > 0 && leavesServing(parent);
}

/** It wrote to its standard output, which nobody reads any more, and was started in the capture. */
function isHalfAPipeline({ process, lastFd }: Death): boolean {
  return lastFd === 1 && process !== null && process.argv.length > 0;
}

function judge({ threshold }: Context, deaths: readonly Death[]): Group {
  const [first] = deaths;
  const isLoop = deaths.length >= threshold('death-loop') && first?.parent != null && !isCutOff(first);
  const isCrash = deaths.some(({ signal, coreDumped, isAssumed }) => coreDumped || (!isAssumed && CRASHES.has(signal)));
  return {
    deaths,
    severity: isLoop || (isCrash && deaths.some(({ hasServed }) => hasServed)) ? 'critical' : 'warning',
    isLoop,
  };
}

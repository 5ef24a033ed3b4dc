import { ModuleTracker, type WorkerReady } from '../../model/topics/loading/module-tracker.ts';
import { plural } from '../../trace/format-numbers.ts';
import { UNKNOWN } from '../../trace/time.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable } from '../finding.ts';
import { Families, type WorkerFamily } from './families.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

const FROM_THE_START = 'Record from the start: strace -f -ttt -T -y -s 128 -o FILE COMMAND';

/** What was seen of workers, whether or not they loaded much. */
interface Seen {
  forked: number;
  ownProgram: number;
  mostModules: number;
}

export const forkThenLoad = defineDetector({
  kind: 'fork-then-load',
  title: 'Workers load the application after the fork',
  needs: [],
  thresholds: {
    'load-modules': {
      default: 100,
      unit: 'modules',
      meaning:
        'A worker that opens so many modules between its fork and its first accept loads the application itself.',
    },
    'load-mb': {
      default: 16,
      unit: 'MB',
      meaning:
        'A worker that opens modules and asks for so much memory of its own before its first accept does so, too.',
    },
  },
  trackers: [ModuleTracker],
  metrics,
  measures: {},
  create(context) {
    const families = new Families();
    const seen: Seen = { forked: 0, ownProgram: 0, mostModules: 0 };
    const modules = context.threshold('load-modules');
    const bytes = context.threshold('load-mb') * 1e6;
    return {
      on: {
        workerReady(fact: WorkerReady) {
          const { thread, startUp } = fact;
          if (thread.process.forkedAt === UNKNOWN) return;
          if (startUp.executed) {
            seen.ownProgram++;
            return;
          }
          seen.forked++;
          seen.mostModules = Math.max(seen.mostModules, startUp.modules.size);
          // Memory without a module may be anything: buffers, a cache that is filled on purpose after the fork.
          if (startUp.modules.size >= modules || (startUp.modules.size > 0 && startUp.memory.bytes >= bytes))
            families.add(fact);
        },
      },
      conclude: () => conclude(context, families.all, seen),
    };
  },
});

function conclude(context: Context, families: readonly WorkerFamily[], seen: Seen): Conclusion<Metrics> {
  const opens = context.model.statistics.all().some(({ syscall }) => syscall.family === 'open');
  if (seen.forked === 0) return notApplicable(whyNone(context, seen));
  if (!opens)
    return notApplicable(
      'The capture shows no open calls, so that nobody can see what is loaded. Record without -e, from the start.',
    );
  const findings = families.filter(({ count: loads }) => loads > 1).map((family) => finding(context, family));
  if (findings.length > 0) {
    const loads = families.reduce((sum, family) => sum + family.count, 0);
    return found(`${plural(loads, 'worker')} that loaded the application after the fork`, findings);
  }
  const most = `${plural(seen.mostModules, 'module')} opened by one between its fork and its first accept at most`;
  return clear(`${plural(seen.forked, 'forked worker')}, ${most}`);
}

function whyNone({ model }: Context, { ownProgram }: Seen): string {
  if (ownProgram > 0)
    return (
      `Workers run a program of their own since their fork (${plural(ownProgram, 'execve')}): nothing of the ` +
      `parent's memory could be shared.`
    );
  if (model.processes.all().some(({ forkedAt }) => forkedAt !== UNKNOWN))
    return 'No forked process got ready to accept while it was traced; there is nothing to compare.';
  return `No worker was forked while it was traced. ${FROM_THE_START}`;
}

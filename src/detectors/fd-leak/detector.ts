import { DESCRIPTOR_GROUPS } from '../../model/descriptor-groups.ts';
import type { Descriptor } from '../../model/descriptors.ts';
import type { Process } from '../../model/process.ts';
import { SECOND } from '../../trace/time.ts';
import type { Context, Detector, DetectorDefinition } from '../detector.ts';
import { largestOf } from '../extremes.ts';
import { type Conclusion, type DraftFinding, notApplicable } from '../finding.ts';
import { plural } from '../words.ts';
import { forgottenFinding, leakFinding } from './finding.ts';
import { type Growth, growthOf } from './growth.ts';

export interface Leak extends Growth {
  readonly process: Process;
}

export const fdLeak: DetectorDefinition = {
  kind: 'fd-leak',
  title: 'A worker opens more descriptors than it closes',
  thresholds: ['fd-growth', 'close-wait-descriptors', 'close-wait-s'],
  create(context): Detector {
    // The model counts; there is nothing to hear.
    return { on: {}, conclude: () => conclude(context) };
  },
};

function conclude(context: Context): Conclusion {
  const { model, capabilities } = context;
  if (!capabilities.times) return notApplicable('The capture has no times. Record with -ttt.');
  if (!model.statistics.all().some(({ syscall }) => syscall.family === 'close'))
    return notApplicable(
      'No close call in the trace: what is still open cannot be told. Record without -e, or with -e trace=%desc,%network',
    );
  const processes = model.processes.all();
  if (processes.every(({ requests }) => requests === 0))
    return notApplicable('No request was read: growth cannot be compared with the load');
  const findings: DraftFinding[] = [];
  for (const group of DESCRIPTOR_GROUPS) {
    const leaks = processes.flatMap((process): Leak[] => {
      const grown = growthOf(process.census?.points ?? [], group, context.threshold('fd-growth'));
      return grown === null ? [] : [{ ...grown, process }];
    });
    if (leaks.length > 0) findings.push(leakFinding(leaks));
  }
  for (const process of processes) {
    const forgotten = forgottenSockets(context, process);
    if (forgotten.length >= context.threshold('close-wait-descriptors'))
      findings.push(forgottenFinding(process, forgotten, process.census?.endedAsOf ?? model.lastTime));
  }
  if (findings.length > 0)
    return { outcome: { status: 'found', reason: `${plural(findings.length, 'kind')} of descriptors that stay open` }, findings };
  const most = largestOf(
    processes.map(({ census }) => census?.points.at(-1)?.open ?? 0),
    0,
  );
  return {
    outcome: {
      status: 'clear',
      reason: `no process opened ${context.threshold('fd-growth')} descriptors of a kind with its requests and kept them; ${plural(most, 'descriptor')} known to be open at most`,
    },
    findings,
  };
}

/** Sockets of a process, as of its last count, whose other end closed long ago and that nobody works on: CLOSE_WAIT in `ss`. */
function forgottenSockets(context: Context, process: Process): Descriptor[] {
  const { census } = process;
  if (census === null) return [];
  const latest = census.endedAsOf - context.threshold('close-wait-s') * SECOND;
  return [...new Set(census.ended.filter(({ endedAt }) => endedAt <= latest))];
}

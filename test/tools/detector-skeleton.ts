import { variableOf } from './skeleton.ts';

/** The files of a new detector by path, from the root of the repository. Their comments say what to do. */
export function detectorFiles(kind: string): Readonly<Record<string, string>> {
  const folder = `src/detectors/${kind}`;
  return {
    [`${folder}/detector.ts`]: detector(kind),
    [`${folder}/metrics.ts`]: METRICS,
    [`${folder}/finding.ts`]: FINDING,
    [`${folder}/README.md`]: page(kind),
    [`test/detectors/${kind}.test.ts`]: test(kind),
  };
}

function detector(kind: string): string {
  return `import type { RequestRead } from '../../model/facts.ts';
import type { Thread } from '../../model/machine/thread.ts';
import { plural } from '../../trace/format-numbers.ts';
import { type Context, defineDetector } from '../detector.ts';
import { type Conclusion, clear, found } from '../finding.ts';
import { finding } from './finding.ts';
import { type Metrics, metrics } from './metrics.ts';

// Facts and judgement; sentences are in finding.ts. Aim at 120 lines. Never print, read a clock, or throw on odd input.
export const ${variableOf(kind)} = defineDetector({
  kind: '${kind}',
  // States the problem, present tense. The README begins with it.
  title: 'TODO: what is wrong',
  // What it cannot judge without: 'times', 'durations', or calls: { families: ['accept'], calls: 'accept', without:
  // 'what is unknown then' }. The report then says so, and how to record them. Empty when it can judge in part.
  needs: [],
  // Each number that it judges by. Document all of them in the README, and test both sides of each.
  thresholds: {
    '${kind}-requests': { default: 20, unit: 'requests', meaning: 'TODO: fewer than this are nothing.' },
  },
  // Also: alsoUses (thresholds of others), follows (kinds that may be its cause), effect (when another kind tells the
  // same trouble already, such as loop-stall whatever holds a loop), linkedInProcess, trackers (they tell facts that
  // src/model/facts.ts does not have: src/model/README.md says how to write one). See ../detector.ts.
  metrics,
  create(context) {
    // State lives here, within bounds: a capture may have millions of lines and of descriptors. Its type, once
    // finding.ts needs it too, has a file of its own: files that import each other are refused.
    const requests = new Map<Thread, number>();
    return {
      // What to hear: all facts are in src/model/facts.ts. Told for each, so do little.
      on: {
        requestRead({ thread, request }: RequestRead) {
          // A rule that no ordinary capture meets, so that no other test turns red: put your own in its place.
          if (request.line !== 'GET /todo') return;
          requests.set(thread, (requests.get(thread) ?? 0) + 1);
        },
      },
      conclude: () => conclude(context, requests),
    };
  },
});

/** Asked for at any time, more than once: must change nothing. */
function conclude(context: Context, requests: ReadonlyMap<Thread, number>): Conclusion<Metrics> {
  const least = context.threshold('${kind}-requests');
  const findings = [...requests].filter(([, count]) => count >= least).map(([thread, count]) => finding(context, thread, count));
  if (findings.length > 0) return found(\`\${plural(findings.length, 'worker')} TODO: count what was found\`, findings);
  // In numbers: what was looked at.
  return clear(\`\${plural(requests.size, 'worker')} TODO: none of them did it\`);
}
`;
}

const METRICS = `import { metric, type ValuesOf } from '../metric.ts';

/** What its findings carry. The schema and the types are made from this: one sentence each, the unit in the name. */
// The shapes are in ../metric.ts: lengthMs and momentMs for times, share, oneOf, list, record, orNull, and more.
export const metrics = {
  worker: metric.pid('TODO: the worker.'),
  count: metric.count('TODO: how often it happened.'),
};

export type Metrics = ValuesOf<typeof metrics>;
`;

const FINDING = `import type { Thread } from '../../model/machine/thread.ts';
import { plural } from '../../trace/format-numbers.ts';
import type { Context } from '../detector.ts';
import { type DraftFinding, type Step, span } from '../finding.ts';
import { workerName } from '../words.ts';
import type { Metrics } from './metrics.ts';

/** TODO: what it is about. Numbers with units, an operator's words; never more than the trace shows. */
export function finding({ capabilities }: Context, thread: Thread, count: number): DraftFinding<Metrics> {
  const { pid } = thread.process;
  return {
    // 'critical', 'warning' or 'info': how much the service suffers.
    severity: 'warning',
    // 'likely': the lines show how it comes about. 'possible': the pattern fits, and a part is missing. 'cannot-tell':
    // the trace tells too little.
    confidence: 'possible',
    // At most 78 characters. Numbers in words, here and below: duration, percent, plural of format-numbers.ts.
    title: \`\${workerName(pid)} TODO\`,
    // A capture without pids says 0 for each: workerName leaves that out, and no sentence names a process 0.
    summary: \`TODO: \${plural(count, 'request')}.\`,
    why: 'TODO: why a user of the service should care.',
    ...span(capabilities, thread.firstTime, thread.lastTime),
    openEnded: false,
    workers: [pid],
    metrics: { worker: pid, count },
    // Lines that prove it: keptLine(record), kept when the fact is told.
    evidence: [],
    next: ADVICE,
    // What it speaks of, so that it is linked with others: pids, requests, listeners, targets.
    subjects: [\`pid \${pid}\`],
  };
}

const ADVICE: readonly Step[] = [{ text: 'TODO: look first, then change one thing.', caveat: 'TODO: what may go wrong.' }];
`;

function page(kind: string): string {
  return `# TODO: what is wrong

## What you see

TODO: what an operator notices.

## Why it hurts

TODO: one or two sentences.

## What to do

TODO: what to look at, then what to change.

## When it is wrong

TODO: what looks the same and is none.

## How it is detected

TODO: from which calls, and by which rule.

| threshold | default | unit | meaning | source |
| --- | --- | --- | --- | --- |
| \`${kind}-requests\` | 20 | requests | TODO: the same as in the definition | TODO: where the number comes from |

## Example

TODO: a trace that makes it fire. A test runs it, and wants lines as \`strace -f -ttt -T -y\` writes them: the thread, the
seconds since 1970, what a descriptor stands for behind its number, and at the end how long the call took.

\`\`\`strace fires
101 1795140810.000000 accept4(5<socket:[71]>, NULL, NULL, SOCK_CLOEXEC) = 11<socket:[73]> <0.000019>
\`\`\`

TODO: the same, just below the threshold.

\`\`\`strace quiet
101 1795140810.000000 accept4(5<socket:[71]>, NULL, NULL, SOCK_CLOEXEC) = 11<socket:[73]> <0.000019>
\`\`\`
`;
}

function test(kind: string): string {
  return `import assert from 'node:assert/strict';
import { it } from 'node:test';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';

const KIND = '${kind}';

/** A worker that serves so many requests. Lines are made by test/support/thread-lines.ts: no blobs, prime counts. */
function serving(requests: number) {
  const { trace, worker } = oneWorker();
  for (let index = 0; index < requests; index++) worker.waitUntil(50 + 10 * index, LISTENER).serve(11, 'GET /todo');
  worker.waitUntil(2000);
  return trace;
}

// Both sides of the threshold; then titles as sentences about what it does.
it('TODO: is told from 20 requests on', async () => {
  none(await analyzed(serving(19)), KIND);
  only(await analyzed(serving(20)), KIND);
});

// Every metric, compared with values that you worked out from the trace.
it('TODO: the metrics are those of the trace', async () => {
  assert.deepEqual(only(await analyzed(serving(23)), KIND).metrics, { worker: 101, count: 23 });
});
`;
}

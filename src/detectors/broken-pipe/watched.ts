import { percent, plural } from '../../trace/format-numbers.ts';
import type { Context } from '../detector.ts';
import { type Conclusion, clear, found, notApplicable, type Severity, span } from '../finding.ts';
import { millisecondsAt } from '../words.ts';
import type { Metrics } from './metrics.ts';
import { UNDATED } from './undated.ts';

const SHOWN = 50;
const LINES = 6;

/**
 * Judges a capture that only counted: the writes that failed since the other end had left. Who that was it does not
 * tell, so that a finding is possible at most.
 */
export function judgeWatched(context: Context): Conclusion<Metrics> {
  const { model } = context;
  const { watch } = model;
  const accepted = [...watch.threads.values()].reduce((sum, thread) => sum + thread.accepted, 0);
  const { failed, writes } = watch;
  if (failed === 0)
    return accepted === 0
      ? notApplicable('No accepted connection was counted: whether replies fail is unknown')
      : clear(`no write failed because the other end had left (${plural(accepted, 'connection')} accepted)`);
  const errors = [...new Set(writes.map(({ error }) => error))].join(' and ');
  const share = failed / Math.max(1, accepted);
  const workers = [...new Set(writes.map(({ pid }) => pid))];
  const moments = writes.length === 0 ? [model.firstTime, model.lastTime] : writes.map(({ at }) => at);
  return found(`${plural(failed, 'failed write')}`, [
    {
      severity: severityOf(context, failed, share),
      confidence: 'possible',
      title: `${plural(failed, 'write')} failed: the other end had left (${errors})`,
      summary:
        `${plural(failed, 'write')} failed with ${errors}, for ${plural(accepted, 'accepted connection')} ` +
        `(${percent(Math.min(1, share))}). This capture counts: it does not tell to whom they wrote, nor how old the ` +
        'requests were.',
      why:
        'The work was done and nobody was there to read it. A client or proxy that gave up often asks again, which ' +
        'adds to the load.',
      ...span(context.capabilities, Math.min(...moments), Math.max(...moments)),
      openEnded: false,
      workers,
      metrics: {
        count: failed,
        target: 'client',
        requests: 0,
        replies: writes.slice(0, SHOWN).map(({ pid, error, at }) => ({
          ...UNDATED,
          pid,
          fd: null,
          errno: error,
          signal: '',
          peer: '',
          request: '',
          atMs: millisecondsAt(model, at),
          fatal: false,
          cut: false,
        })),
      },
      evidence: writes.slice(0, LINES).map(({ line }) => line),
      next: [
        {
          text: 'Record the calls while it happens: they tell which request it was, and what it waited for.',
          command: `drover record ${workers[0] ?? 'PID'} --program calls --ring 60s --until EPIPE`,
        },
      ],
      subjects: workers.map((pid) => `pid ${pid}`),
    },
  ]);
}

function severityOf(context: Context, failed: number, share: number): Severity {
  if (failed >= 3 && share >= context.threshold('broken-pipe-critical-share')) return 'critical';
  return share >= context.threshold('broken-pipe-warning-share') ? 'warning' : 'info';
}

import type { Outcome } from '../detectors/finding.ts';
import type { Kind } from '../detectors/registry.ts';
import { isWorkerRole } from '../model/machine/roles.ts';
import { durationOfMs, plural } from '../trace/format-numbers.ts';
import type { Finding, Quality, Verdict, Window, Worker } from './report.ts';

/** One sentence: the finding to act on first, or what was looked at without finding anything. */
export function decide(
  findings: readonly Finding[],
  quality: Quality,
  outcomes: Readonly<Partial<Record<Kind, Outcome>>>,
  workers: readonly Worker[],
  window: Window,
  unlisted = 0,
): Verdict {
  const first = findings[0];
  if (first !== undefined && first.severity !== 'info') {
    const serious = findings.filter((finding) => finding !== first && finding.severity !== 'info');
    // What to act on first may be the lesser evil of the two: the cure of the other would make it worse, or is it.
    const worse = serious.filter(({ severity }) => severity === 'critical' && first.severity !== 'critical').length;
    const severity = worse > 0 ? 'critical' : first.severity;
    const word = first.confidence === 'likely' ? 'Likely' : first.confidence === 'possible' ? 'Possible' : 'Unsure';
    // Of those that are not listed the worse ones are: their number is at least that.
    const others = serious.length + unlisted;
    const more = others === 0 ? '' : ` (+${others} more${worse > 0 ? `, ${worse} critical` : ''})`;
    return { severity, confidence: first.confidence, text: `${word}: ${first.title}${more}` };
  }
  // Of a process whose role nobody knows nothing is known to be well.
  const serving = workers.filter(({ role }) => isWorkerRole(role)).length;
  const judged = Object.values(outcomes).filter(
    (outcome) => outcome?.status === 'clear' || outcome?.status === 'found',
  ).length;
  const span = window.durationMs === null ? '' : ` in ${durationOfMs(window.durationMs)}`;
  if (quality.grade === 'poor' || judged === 0 || serving === 0) {
    const why =
      serving === 0 ? 'no worker that accepts connections was seen' : 'the capture lacks what the checks need';
    const seen = first === undefined ? '' : ` Seen all the same: ${first.title}`;
    return { severity: first?.severity ?? 'none', confidence: 'cannot-tell', text: `Cannot tell: ${why}.${seen}` };
  }
  if (first !== undefined)
    return {
      severity: 'info',
      confidence: first.confidence,
      text: `Nothing urgent${span}: ${first.title}${findings.length > 1 ? ` (+${findings.length - 1} more)` : ''}`,
    };
  return {
    severity: 'none',
    confidence: 'likely',
    text: `No herd, stall or hang-up found${span} (${plural(serving, 'worker')}, ${plural(judged, 'check')})`,
  };
}

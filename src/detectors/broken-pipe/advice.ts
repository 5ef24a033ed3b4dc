import type { FailedWrite } from '../../model/facts.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import type { Step } from '../finding.ts';
import type { Target } from './metrics.ts';
import { behindWhom } from './tally.ts';

/** What to do about replies that came too late. */
export function clientAdvice(worst: FailedWrite, context: Context): Step[] {
  const stalled = worst.behind >= context.threshold('behind-ms') * MILLISECOND;
  const steps: Step[] = stalled
    ? [
        {
          text:
            `First look at the stall: ${behindWhom(worst) || 'other work'} kept this reply from being read and ` +
            'sent.',
        },
      ]
    : [];
  return [
    ...steps,
    {
      text:
        "Compare the ages above with the client's or proxy's timeout (nginx logs status 499 for a client that " +
        'left).',
      command: "grep -c ' 499 ' /var/log/nginx/access.log",
    },
    {
      text:
        'Give each request a deadline shorter than the timeout of its client, and stop working on it when the ' +
        'deadline passes.',
      caveat:
        'Do not raise timeouts: that hides the delay. --timeout of async gunicorn workers does not limit requests.',
    },
  ];
}

/** What to do about other writes that failed. */
export const OTHER_ADVICE: Readonly<Record<Exclude<Target, 'client'>, Step[]>> = {
  upstream: [
    { text: "Check that service's idle timeout: it should be longer than the time this worker keeps a connection." },
  ],
  pipe: [{ text: 'Find which process held the other end.', command: 'lsof +E -p PID' }],
  log: [{ text: 'Find what reads this stream and restart it.', command: 'ls -l /proc/PID/fd/1 /proc/PID/fd/2' }],
};

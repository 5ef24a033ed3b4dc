import type { FailedWrite } from '../../model/facts.ts';
import { MILLISECOND } from '../../trace/time.ts';
import type { Context } from '../detector.ts';
import { type DraftStep, ofCause, type Step } from '../finding.ts';
import type { Target } from './metrics.ts';
import { behindWhom } from './tally.ts';

/** What to do about replies that came too late. */
export function clientAdvice(worst: FailedWrite, context: Context): DraftStep[] {
  const stalled = worst.behind >= context.threshold('behind-ms') * MILLISECOND;
  const steps: DraftStep[] = stalled
    ? [
        ofCause({
          text:
            `Make ${behindWhom(worst) || 'the other work of this worker'} shorter, or take it off the loop: this ` +
            'reply waited behind it.',
        }),
      ]
    : [];
  return [
    ...steps,
    {
      text:
        'Compare the age of these requests with the timeout of the client, or of the proxy in front: nginx logs ' +
        'status 499 for a client that left.',
      command: "grep -c ' 499 ' /var/log/nginx/access.log",
      needs: 'nginx in front of these workers',
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

/** What to do about other writes of a process that failed. */
export function otherAdvice(target: Exclude<Target, 'client'>, pid: number): readonly Step[] {
  switch (target) {
    case 'upstream':
      return [
        {
          text:
            'Compare the idle timeout of that service with the time that this worker keeps a connection: the timeout ' +
            'of the service should be the longer one.',
        },
      ];
    case 'unknown':
      return [
        {
          text: 'See who was connected: the other descriptors of the process may tell what this one is.',
          command: `ls -l /proc/${pid === 0 ? 'PID' : pid}/fd; ss -tnp`,
        },
      ];
    case 'pipe':
      return [
        {
          text: 'The process that read this pipe is gone: look for a child, or a log program, that ended at that time.',
          command: 'journalctl --since -1h | tail -100',
        },
      ];
    case 'log': {
      const name = pid === 0 ? 'PID' : String(pid);
      return [
        {
          text: 'Find the program that read this stream, and restart it.',
          command: `ls -l /proc/${name}/fd/1 /proc/${name}/fd/2`,
        },
      ];
    }
  }
}

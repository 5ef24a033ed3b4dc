import type { Step } from '../finding.ts';

/** How each server loads the application before it forks. */
const SWITCHES: Readonly<Record<string, { readonly text: string; readonly command: string }>> = {
  gunicorn: {
    text: 'Load the application in the master, before the fork: preload_app = True.',
    command: 'gunicorn --preload MODULE:APP',
  },
  puma: {
    text: 'Load the application in the master, before the fork: preload_app! in puma.rb.',
    command: 'puma --preload -w WORKERS',
  },
  unicorn: {
    text: 'Load the application in the master, before the fork: preload_app true in the configuration.',
    command: '',
  },
  uWSGI: {
    text: 'uWSGI loads the application before the fork unless told otherwise: take lazy-apps (or lazy) out.',
    command: '',
  },
};
const ANY = { text: 'Load the application in the parent, before it forks its workers.', command: '' };

const AFTER_THE_FORK =
  'Connections, threads, and Kafka, gRPC or TLS clients must be opened after the fork (post_fork, on_worker_boot): ' +
  'those made before are broken in the workers. ';
const NO_RELOAD = 'HUP no longer loads new code: restart instead. ';
const GEVENT = 'With gevent patch at the top of the configuration file, before anything is imported. ';

/** What to do about it, with what goes wrong when it is followed blindly. */
export function preloadAdvice(server: string, replaced: number): Step[] {
  const [name = ''] = server.split(' ');
  const { text, command } = SWITCHES[name] ?? ANY;
  const isGevent = /gevent|eventlet/.test(server);
  const steps: Step[] = [
    {
      text,
      ...(command === '' ? {} : { command }),
      caveat: (
        `${AFTER_THE_FORK}${name === 'gunicorn' ? NO_RELOAD : ''}${isGevent ? GEVENT : ''}Imports with side effects ` +
        'run once instead of once a worker.'
      ).trim(),
    },
  ];
  if (name === 'gunicorn' || name === 'uWSGI' || name === '')
    steps.push({
      text:
        'In Python, call gc.collect() and gc.freeze() in the master after loading, so that the collector does ' +
        'not write to shared pages.',
      caveat: 'Reference counts still write to shared pages: less memory stays shared over time.',
    });
  steps.push({
    text: 'Compare before and after: the sum of Private_Dirty of each worker.',
    command: 'grep -h ^Private_Dirty /proc/PID/smaps_rollup',
    needs: 'Linux 4.14 or later',
  });
  if (replaced > 0)
    steps.push({
      text: 'Until then, replace workers less often: raise max_requests, and spread it with max_requests_jitter.',
    });
  return steps;
}

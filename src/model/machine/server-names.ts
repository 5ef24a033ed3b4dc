const SERVERS: readonly (readonly [RegExp, string])[] = [
  [/gunicorn/, 'gunicorn'],
  [/uwsgi/i, 'uWSGI'],
  [/(^|\/)nginx/, 'nginx'],
  [/puma/, 'puma'],
  [/unicorn/, 'unicorn'],
  [/php-fpm/, 'php-fpm'],
  [/apache2|httpd/, 'Apache'],
  [/haproxy/, 'HAProxy'],
  [/uvicorn/, 'uvicorn'],
  [/hypercorn/, 'hypercorn'],
  [/celery/, 'celery'],
  [/(^|\/)node(js)?$/, 'node'],
];

/**
 * Names the server software that a command line starts; '' when it is none of the known ones. Worker class of gunicorn
 * is added: `gunicorn gevent`.
 */
export function serverOf(argv: readonly string[]): string {
  for (const argument of argv.slice(0, 6)) {
    for (const [pattern, name] of SERVERS) {
      if (!pattern.test(argument)) continue;
      return name === 'gunicorn' ? `gunicorn${workerClass(argv)}` : name;
    }
  }
  return '';
}

function workerClass(argv: readonly string[]): string {
  for (const [index, argument] of argv.entries()) {
    const attached = /^(?:-k|--worker-class=)(.+)$/.exec(argument)?.[1];
    const name = attached ?? (argument === '-k' || argument === '--worker-class' ? argv[index + 1] : undefined);
    if (name !== undefined) return ` ${name.split('.').at(-1) ?? name}`;
  }
  return '';
}

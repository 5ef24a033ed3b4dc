/** Programs by what their file, module, script or title begins with. The first that fits is taken. */
const SERVERS: readonly (readonly [RegExp, string])[] = [
  [/^gunicorn/, 'gunicorn'],
  [/^uwsgi/i, 'uWSGI'],
  [/^(?:nginx(?:-debug)?|openresty)$/, 'nginx'],
  [/^puma/, 'puma'],
  [/^unicorn/, 'unicorn'],
  [/^php-fpm/, 'php-fpm'],
  [/^(?:apache2|httpd)(?!\w)/, 'Apache'],
  [/^haproxy/, 'HAProxy'],
  [/^uvicorn/, 'uvicorn'],
  [/^hypercorn/, 'hypercorn'],
  [/^daphne/, 'daphne'],
  [/^granian/, 'granian'],
  [/^waitress/, 'waitress'],
  [/^tornado/, 'tornado'],
  [/^\[?celeryd?(?:$|\W)/, 'celery'],
  [/^starman/, 'starman'],
  [/^thin(?:$|\W)/, 'thin'],
  [/^node(?:js)?$/, 'node'],
  [/^bun$/, 'bun'],
  [/^deno$/, 'deno'],
  [/^beam(?:\.smp)?$/, 'Erlang'],
  [/^(?:postgres|postmaster)$/, 'PostgreSQL'],
  [/^redis-(?:server|sentinel)/, 'Redis'],
  [/^valkey-server/, 'Valkey'],
  [/^memcached(?:$|\W)/, 'memcached'],
  [/^lighttpd/, 'lighttpd'],
  [/^h2o$/, 'h2o'],
  [/^caddy$/, 'Caddy'],
  // Its child calls itself by what it does.
  [/^(?:varnishd|cache-main)$/, 'Varnish'],
  [/^\(?squid/, 'Squid'],
  [/^sshd(?:-session|-auth)?$/, 'sshd'],
  [/^named$/, 'BIND'],
  [/^exim4?$/, 'Exim'],
  [/^vsftpd$/, 'vsftpd'],
  [/^unbound$/, 'Unbound'],
  [/^dnsmasq$/, 'dnsmasq'],
  [/^rsyslogd$/, 'rsyslog'],
  [/^dovecot$/, 'Dovecot'],
  [/^traefik$/, 'Traefik'],
  [/^envoy$/, 'Envoy'],
  [/^mysqld/, 'MySQL'],
  [/^mariadbd/, 'MariaDB'],
  [/^(?:\S*\.)?(?:catalina|tomcat)/i, 'Tomcat'],
  [/^(?:\S*\.)?jetty/i, 'Jetty'],
];
const INTERPRETER = /^(?:python|pypy|ruby|perl|php|bash|sh|dash|env)[\d.]*t?$/;
/** Options of interpreters and of Java that are followed by a value. */
const WITH_VALUE: ReadonlySet<string> = new Set([
  '-X',
  '-W',
  '-I',
  '-r',
  '-cp',
  '-classpath',
  '--class-path',
  '-p',
  '-C',
  '--add-opens',
  '--add-exports',
  '--add-modules',
  '--module-path',
]);

/**
 * Names the server software that a command line starts; '' when it is none of the known ones. The file name of the
 * program counts, or of the script, module or class that an interpreter runs, and no word elsewhere. Worker class of
 * gunicorn is added: `gunicorn gevent`.
 */
export function serverOf(argv: readonly string[]): string {
  const program = fileName(argv[0] ?? '');
  if (program === 'java') return known(mainOf(argv, '-jar')) || 'Java';
  const name = known(INTERPRETER.test(program) ? mainOf(argv, '-m') : program);
  return name === 'gunicorn' ? `gunicorn${workerClass(argv)}` : name;
}

/** Whether this program runs another one that is named in its arguments. */
export function isInterpreter(program: string): boolean {
  return INTERPRETER.test(fileName(program));
}

/** Names the server whose main thread is called so; '' when that tells nothing. Kernels keep 15 bytes of a name. */
export function serverOfComm(comm: string): string {
  const before = serversByComm.get(comm);
  if (before !== undefined) return before;
  const server = comm === 'java' ? 'Java' : INTERPRETER.test(comm) ? '' : known(comm);
  if (serversByComm.size >= MOST_COMMS) serversByComm.clear();
  serversByComm.set(comm, server);
  return server;
}

/** What was found is kept: trackers ask for the same few names at thousands of calls, and some forty patterns tell. */
const serversByComm = new Map<string, string>();
const MOST_COMMS = 1_000;

function known(name: string): string {
  return SERVERS.find(([pattern]) => pattern.test(name))?.[1] ?? '';
}

/** The last part of a path. Servers write a title over their arguments: `nginx: worker process`. */
function fileName(path: string): string {
  const [title = ''] = path.split(/[:\s]/, 1);
  return title.slice(title.lastIndexOf('/') + 1);
}

/** The script, or what follows `named`: a module, an archive. */
function mainOf(argv: readonly string[], named: '-m' | '-jar'): string {
  for (let place = 1; place < argv.length; place++) {
    const argument = argv[place] ?? '';
    if (argument === named) return fileName(argv[place + 1] ?? '');
    // What is given in the arguments themselves has no name.
    if (argument === '-c' || argument === '-e' || argument === '-eval') return '';
    if (WITH_VALUE.has(argument)) place++;
    else if (!argument.startsWith('-') && !argument.includes('=')) {
      // `bundle exec` of Ruby loads the next one into its own process.
      const isBundle = /(?:^|\/)bundler?$/.test(argument) && argv[place + 1] === 'exec';
      return fileName(isBundle ? (argv[place + 2] ?? '') : argument);
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

import { isInterpreter } from '../../trace/server-names.ts';

/** What runs the code of a process, as far as anything tells. */
export type Runtime = 'python' | 'node' | 'ruby' | 'java' | 'php' | 'native' | 'unknown';

/** How servers of Python libraries sign their replies, as far as strace prints 32 bytes of one. */
const LIBRARY = /^(?:werkze|basehtt|simpleh|wsgiser|cheroot|cherryp|twisted|aiohttp|sanic)/i;

/** By the name of the server, of its program, or of the script that an interpreter runs. */
const NAMES: readonly (readonly [RegExp, Runtime])[] = [
  [
    /^(?:\[?celery|gunicorn|uvicorn|hypercorn|daphne|waitress|celery|uWSGI|uwsgi|python|pypy|pserve|tornado)/i,
    'python',
  ],
  [LIBRARY, 'python'],
  [/^(?:node|nodejs|bun|deno|npm|pm2)\b/i, 'node'],
  [/^(?:puma|unicorn|thin|falcon|passenger|rackup|sidekiq|ruby|webrick)/i, 'ruby'],
  [/^(?:java|jetty|tomcat|jsvc|apache-c|apache tomcat|undertow|wildfly|glassfi|weblogi)/i, 'java'],
  [/^php/i, 'php'],
  [
    /^(?:Go$|Erlang$|beam|nginx|openresty|haproxy|apache|httpd|lighttpd|h2o|varnish|redis|valkey|memcached|postgres|mysqld|mariadbd|envoy|squid|traefik|caddy|sshd|unbound|dnsmasq|named|rsyslog|dovecot|exim|vsftpd)/i,
    'native',
  ],
];

/** What is known of a process that tells its runtime: a `Process` has it all. */
export interface Identified {
  readonly server: string;
  readonly argv: readonly string[];
  readonly leader: { readonly comm: string };
  readonly loaded: Runtime;
  readonly signature: string;
  /** Threads of it take turns at an epoll instance. */
  readonly takesTurns: boolean;
}

/** Names the runtime of a process: by its server, its program, what it loaded, or how it signs its replies. */
export function runtimeOf({ server, argv, leader, loaded, signature, takesTurns }: Identified): Runtime {
  const [program = '', ...rest] = argv;
  const script = isInterpreter(program) ? (rest.find((argument) => !argument.startsWith('-')) ?? '') : '';
  for (const name of [server, signature, baseOf(program), baseOf(script), baseOf(leader.comm)]) {
    const found = name === '' ? undefined : NAMES.find(([pattern]) => pattern.test(name));
    if (found !== undefined) return found[1];
  }
  // Go, Erlang, Rust and .NET do so; a loop of Python, Ruby or node is one thread.
  return loaded === 'unknown' && takesTurns ? 'native' : loaded;
}

/** Nothing but such a signature tells what it is. */
export function isSignedByLibrary({ server, argv, signature }: Identified): boolean {
  return server === '' && argv.length === 0 && LIBRARY.test(signature);
}

function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The runtime that loads a file of this path; `unknown` when files of that kind tell nothing. */
export function runtimeLoading(path: string): Runtime {
  if (path.endsWith('.pyc')) return 'python';
  if (path.endsWith('.rb')) return 'ruby';
  if (path.endsWith('.jar')) return 'java';
  return 'unknown';
}

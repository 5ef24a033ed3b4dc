import { basename } from 'node:path';
import { AttachError } from '../attach-error.ts';
import { findFamily, hostView, type ProcessListing } from './family.ts';
import { readHost } from './host-facts.ts';
import { linkOrEmpty, type ProcessFacts, readOrEmpty } from './process-facts.ts';
import { ACCEPTS, socketsOf, UNIX } from './socket-tables.ts';

/** Programs that run the program of their first word. */
const INTERPRETERS = /^(?:python|pypy|ruby|node|php|perl|java|bash|sh|dash)[\d.]*$/;
/** `nginx: master process`, `puma 5.6.5 (tcp://…)`: what a server writes over its words. */
const TITLE = /^([\w.-]+)(?:: | \d)/;
const MOST_NAMED = 5;
const MOST_PORT = 65_535;
const MOST_WORDS = 60;

/** How `findTargets` looks at the host; tests bring their own. */
export interface TargetOptions {
  readonly view: ProcessListing;
  /** Where the kernel shows processes. */
  readonly root?: string;
  /** Never a target. */
  readonly self?: number;
  /** This user may see the descriptors of all processes. */
  readonly maySeeOthers?: boolean;
}

/**
 * The processes that words mean: `4711`, a name (`gunicorn`), a port that is listened on (`:8000`), the path of a unix
 * socket (`/run/php/fpm.sock`), a unit of systemd (`web.service`). Throws `AttachError` when a word means nobody, or
 * several servers.
 */
export function findTargets(words: readonly string[], options: TargetOptions = { view: hostView() }): number[] {
  return [...new Set(words.flatMap((word) => targetsOf(word, options)))];
}

function targetsOf(word: string, options: TargetOptions): number[] {
  if (/^[1-9]\d{0,9}(?:,[1-9]\d{0,9})*$/.test(word)) return word.split(',').map(Number);
  const port = /^(?:[\w.*-]*|\[[\da-fA-F:]*\]):(\d{1,5})$/.exec(word)?.[1];
  const path = /^(?:unix:)?(\/.*)$/.exec(word)?.[1];
  if (port === undefined && path === undefined) {
    const called = named(word, options);
    if (called.length === 0) throw nobody(word, port);
    return oneServer(word, called, options.view);
  }
  const found = path === undefined ? listening(onPort(Number(port)), options) : listening(onPath(path), options);
  if (found.length === 0) {
    if (isHidden(path === undefined ? onPort(Number(port)) : onPath(path), options)) throw hidden(word);
    throw path === undefined ? nobody(word, port) : nobodyAt(path);
  }
  return oneServer(word, withoutActivators(found, options.view), options.view);
}

/** The kernel says that somebody listens there; whose descriptors may be seen is another matter. */
function isHidden(
  listenersOf: Listeners,
  { root = '/proc', self = process.pid, maySeeOthers = readHost().mayTraceOthers }: TargetOptions,
): boolean {
  return !maySeeOthers && listenersOf(self, root).size > 0;
}

function hidden(word: string): AttachError {
  return new AttachError(`Somebody listens on ${word}; this user may not see which process does.`, {
    hint: 'Run drover with sudo; in a container start it with --cap-add SYS_PTRACE, or run drover on the host.',
  });
}

function nobodyAt(path: string): AttachError {
  return new AttachError(`Nobody listens on the unix socket ${path}.`, {
    hint: 'See who listens on what with: ss -lxp',
  });
}

/** Who opened the socket for a program that it starts on demand (systemd-socket-activate, inetd) does not serve. */
function withoutActivators(found: readonly number[], { parents, read }: ProcessListing): readonly number[] {
  const isActivator = (pid: number): boolean =>
    found.some((child) => parents.get(child) === pid && read(child)?.stackStart !== read(pid)?.stackStart) &&
    !found.some((child) => parents.get(child) === pid && read(child)?.stackStart === read(pid)?.stackStart);
  const serving = found.filter((pid) => !isActivator(pid));
  return serving.length === 0 ? found : serving;
}

/** What a word means that no process answers to, and where to look. */
function nobody(word: string, port: string | undefined): AttachError {
  if (port !== undefined)
    return Number(port) > MOST_PORT
      ? new AttachError(`${port} is no port.`, {
          hint: `Ports are numbers up to ${MOST_PORT}; see them with: ss -ltnp`,
        })
      : new AttachError(`Nobody listens on port ${port}.`, { hint: 'See who listens on what with: ss -ltnp' });
  if (word.endsWith('.service'))
    return new AttachError(`The unit ${word} has no process here.`, {
      hint: `See its state with: systemctl status ${word}`,
    });
  return new AttachError(`No process is called ${word}.`, {
    hint: 'Give a pid, a name, a port (:8000) or a unit (web.service); find it with: ps -eo pid,ppid,user,args',
  });
}

/** Several servers of one name are not one: the user says which. */
function oneServer(word: string, found: readonly number[], view: ProcessListing): number[] {
  const servers: ProcessFacts[][] = [];
  const known = new Set<number>();
  for (const pid of found) {
    if (known.has(pid)) continue;
    const family = findFamily([pid], view);
    for (const member of family) known.add(member.pid);
    servers.push(family);
  }
  if (servers.length <= 1) return [...found];
  const named = servers
    .slice(0, MOST_NAMED)
    .flatMap(([first]) => (first === undefined ? [] : [`${first.pid} (${wordsOf(first)})`]));
  throw new AttachError(`${servers.length} servers are called ${word}: ${named.join(', ')}.`, {
    hint: 'Name one of them by its pid.',
  });
}

function wordsOf({ argv, name }: ProcessFacts): string {
  const words = argv.length === 0 ? name : argv.join(' ');
  return words.length > MOST_WORDS ? `${words.slice(0, MOST_WORDS)}…` : words;
}

function named(word: string, { view, root = '/proc', self = process.pid }: TargetOptions): number[] {
  const others = [...view.parents.keys()].filter((pid) => pid !== self);
  const unit = word.endsWith('.service') ? word : `${word}.service`;
  const inUnit = (): number[] =>
    others.filter((pid) => readOrEmpty(`${root}/${pid}/cgroup`).split(/[\n/]/).includes(unit));
  if (word.endsWith('.service')) return inUnit();
  const called = others.filter((pid) => {
    const facts = view.read(pid);
    return facts !== null && !facts.isKernelThread && facts.state !== 'Z' && isCalled(facts, word);
  });
  return called.length > 0 ? called : inUnit();
}

/** Whether the program of a process, or what its interpreter runs, has that name. */
function isCalled({ argv, program }: ProcessFacts, word: string): boolean {
  const [first = '', ...others] = argv;
  if (basename(first) === word || TITLE.exec(first)?.[1] === word) return true;
  if (basename(program) === word) return true;
  if (!INTERPRETERS.test(basename(first))) return false;
  const at = others.findIndex((other) => !other.startsWith('-') || other === '-m');
  const main = others[at] === '-m' ? others[at + 1] : others[at];
  return main !== undefined && basename(main).replace(/\.(?:py|rb|js|php|pl|sh)$/, '') === word;
}

/** A row of a listening socket of /proc/net/tcp: local port and inode. */
const LISTENING = /^\s*\d+: [0-9A-F]+:([0-9A-F]{4}) \S+ 0A (?:\S+\s+){5}(\d+)/gm;

/** Inodes of the listeners in question that a process may know of, by the files below `root`. */
type Listeners = (pid: number, root: string) => ReadonlySet<string>;

/** Who holds one of these listeners, in whatever network namespace. */
function listening(listenersOf: Listeners, { view, root = '/proc', self = process.pid }: TargetOptions): number[] {
  const namespaces = new Map<string, ReadonlySet<string>>();
  return [...view.parents.keys()].filter((pid) => {
    // systemd holds the sockets of units that it starts on demand.
    if (pid === self || pid === 1) return false;
    const namespace = linkOrEmpty(`${root}/${pid}/ns/net`);
    if (namespace === '') return false;
    const wanted = namespaces.get(namespace) ?? listenersOf(pid, root);
    namespaces.set(namespace, wanted);
    if (wanted.size === 0) return false;
    for (const inode of socketsOf(pid, root)) if (wanted.has(inode)) return true;
    return false;
  });
}

function onPort(port: number): Listeners {
  return (pid, root) => {
    const inodes = new Set<string>();
    for (const table of ['tcp', 'tcp6'])
      for (const [, hex = '', inode = ''] of readOrEmpty(`${root}/${pid}/net/${table}`).matchAll(LISTENING))
        if (Number.parseInt(hex, 16) === port) inodes.add(inode);
    return inodes;
  };
}

function onPath(wanted: string): Listeners {
  return (pid, root) => {
    const inodes = new Set<string>();
    for (const [, flags = '', , inode = '', path = ''] of readOrEmpty(`${root}/${pid}/net/unix`).matchAll(UNIX))
      if (path === wanted && (Number.parseInt(flags, 16) & ACCEPTS) !== 0) inodes.add(inode);
    return inodes;
  };
}

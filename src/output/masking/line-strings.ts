import { decodeUtf8 } from '../../trace/utf8.ts';
import { nameOfPayload, placeholder } from '../payload.ts';
import { ArgumentMasker, maskOptions, maskVariable } from './mask-arguments.ts';
import { maskPath } from './mask-path.ts';
import { maskName } from './shapes.ts';
import { isHarmlessName } from './vocabulary.ts';

/** What a quoted string of a call is. */
type Meaning = 'path' | 'link' | 'name' | 'type' | 'argument' | 'variable' | 'options' | 'payload';

/** Calls whose strings are paths. */
const PATH_CALLS: ReadonlySet<string> = new Set(
  (
    'open openat openat2 creat access faccessat faccessat2 stat lstat stat64 lstat64 fstat fstat64 fstatat64 ' +
    'newfstatat oldstat statx statfs statfs64 uselib swapon acct ' +
    'readlink readlinkat rename renameat renameat2 unlink unlinkat mkdir mkdirat rmdir mknod mknodat chmod fchmodat ' +
    'fchmodat2 chown lchown fchownat truncate truncate64 ' +
    'utime utimes utimensat futimesat link linkat symlink symlinkat chdir chroot getcwd mount umount umount2 ' +
    'pivot_root statmount inotify_add_watch fanotify_mark name_to_handle_at ' +
    'execve execveat memfd_create shm_open mq_open mq_unlink prctl socket bind connect accept accept4 getsockname ' +
    'getpeername'
  ).split(' '),
);
/** What else the strings of such calls are, in their order; the last holds for all behind it. */
const OTHERS: Readonly<Record<string, readonly Meaning[]>> = {
  memfd_create: ['name'],
  shm_open: ['path'],
  prctl: ['name'],
  socket: ['name'],
  bind: ['name'],
  connect: ['name'],
  accept: ['name'],
  accept4: ['name'],
  getsockname: ['name'],
  getpeername: ['name'],
  readlink: ['path', 'link'],
  readlinkat: ['path', 'link'],
  symlink: ['link', 'path'],
  symlinkat: ['link', 'path'],
  mount: ['path', 'path', 'type', 'options'],
  name_to_handle_at: ['path', 'payload'],
};
/** The text before a string that is an address, in whatever call. */
const ADDRESS = /(?:inet_addr\(|inet_pton\(AF_INET6?, ?&?|sin6?_(?:addr|port)=)$/;
const SOCKET_PATH = /sun_path=(@?)$/;
const NAME_FIELD = /(?:[a-z]_name=|if_nametoindex\(|ifname=)$/;
const LINK =
  /^(?:[^\s]*\/[^]*|(?:socket|pipe|anon_inode|net|mnt|pid|user|uts|ipc|cgroup|time):\[?[\w:]{1,20}\]?|[A-Za-z_+-]{1,30}[\w.+-]{0,10}\.so(?:\.\d{1,4}){0,4})$/;
const ESCAPE = /\\(?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[^]|$)/g;
const NAMED_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  f: '\f',
  a: '\x07',
  b: '\b',
  e: '\x1b',
};

/** The calls of one line and what their strings mean. */
export class LineStrings {
  #isNaming = true;
  #call = '';
  #strings = 0;
  #lists = 0;
  #arguments = new ArgumentMasker();

  /**
   * A call begins. What stands behind a call that carries data counts as data: two lines may have run into each other.
   */
  call(name: string, isResumed: boolean): void {
    this.#isNaming &&= PATH_CALLS.has(name);
    this.#call = name;
    this.#strings = isResumed ? 1 : 0;
    this.#lists = 0;
    this.#arguments = new ArgumentMasker();
  }

  /** A bracket opens a list. */
  list(): void {
    this.#lists++;
  }

  /** Whether the strings of the current call are names: then each ends at its next quote. */
  isName(before: string): boolean {
    return (this.#call !== '' && this.#isNaming) || ADDRESS.test(before) || SOCKET_PATH.test(before);
  }

  /** A string in its quotes, as it may be shown. `before` is the text in front of it. */
  shown(content: string, isCut: boolean, before: string): string {
    const dots = isCut ? '...' : '';
    if (content === '') return `""${dots}`;
    const bytes = decode(content);
    const abstract = SOCKET_PATH.exec(before);
    if (abstract !== null)
      return quoted(content, bytes, abstract[1] === '' ? maskPath(bytes, isCut) : maskName(bytes)) + dots;
    if (ADDRESS.test(before))
      return (
        quoted(
          content,
          bytes,
          /^[0-9a-f.:%]{2,45}$/i.test(bytes) || /^(?:\\x[0-9a-f]{2}){2,16}$/.test(content) ? bytes : placeholder(bytes),
        ) + dots
      );
    if (before.endsWith('if_nametoindex(')) return quoted(content, bytes, maskName(bytes)) + dots;
    if (this.#call === '' || !this.#isNaming) return payload(bytes, isCut);
    return quoted(content, bytes, this.#named(bytes, isCut, before)) + dots;
  }

  #named(bytes: string, isCut: boolean, before: string): string {
    const index = this.#strings++;
    switch (this.#meaning(index, before)) {
      case 'path':
        return maskPath(bytes, isCut);
      case 'link':
        return LINK.test(bytes) || isHarmlessName(bytes) ? maskPath(bytes, isCut) : placeholder(bytes);
      case 'name':
        return maskName(bytes, isCut || bytes.length === 15);
      case 'type':
        return /^[a-z][a-z0-9_.]{1,15}$/.test(bytes) ? bytes : placeholder(bytes);
      case 'argument':
        return this.#arguments.next(bytes);
      case 'variable':
        return maskVariable(bytes);
      case 'options':
        return maskOptions(bytes);
      default:
        return placeholder(bytes);
    }
  }

  #meaning(index: number, before: string): Meaning {
    if (this.#call === 'execve' || this.#call === 'execveat') {
      if (this.#lists === 0) return 'path';
      return this.#lists === 1 ? 'argument' : 'variable';
    }
    if (NAME_FIELD.test(before)) return 'name';
    const own = OTHERS[this.#call];
    return own?.[Math.min(index, own.length - 1)] ?? 'path';
  }
}

/** What a string that carries data may show: a request, a status, the verb of a statement, or its size. */
export function payload(bytes: string, isCut: boolean): string {
  const name = nameOfPayload(bytes, isCut);
  if (name !== null) return `"${encode(decodeUtf8(name))}"${name === bytes && !isCut ? '' : '...'}`;
  return `"${placeholder(bytes)}"${isCut ? '...' : ''}`;
}

/** A string without a call in front of it: a path or a harmless word stays. */
export function loose(content: string, isCut: boolean): string {
  const bytes = decode(content);
  if (content === '') return '""';
  if (/^(?:\.{1,2})?\/[^\s?]*$/.test(bytes))
    return quoted(content, bytes, maskPath(bytes, isCut)) + (isCut ? '...' : '');
  if (isHarmlessName(bytes) || /^-?\d{1,6}$/.test(bytes)) return `"${content}"${isCut ? '...' : ''}`;
  return payload(bytes, isCut);
}

/** The text that strace's escapes stand for, a character a byte. */
export function decode(content: string): string {
  return content.replace(ESCAPE, (escape) => {
    const body = escape.slice(1);
    if (/^x[0-9a-fA-F]/.test(body)) return String.fromCharCode(Number.parseInt(body.slice(1), 16));
    if (/^[0-7]/.test(body)) return String.fromCharCode(Number.parseInt(body, 8) & 0xff);
    return NAMED_ESCAPES[body] ?? (body === '' ? '?' : body);
  });
}

function quoted(content: string, bytes: string, masked: string): string {
  return `"${masked === bytes ? content : encode(masked)}"`;
}

function encode(bytes: string): string {
  return bytes
    .replace(/[\\"]/g, '\\$&')
    .replace(/[\0-\x1f\x7f-\x9f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

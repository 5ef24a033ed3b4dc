import { isRandom } from './randomness.ts';
import { namesSecret, REMOVED } from './secret-words.ts';
import { isHarmlessName } from './vocabulary.ts';

/**
 * Behind such a part of a request's path stands what lets somebody in: `/reset/TOKEN`, unless it is a step of the site.
 */
const BEFORE_TOKEN =
  /^(?:.*[-_.])?(?:reset|webhooks?|hooks?|tokens?|passwords?|passwd|pwd|invites?|invitations?|confirm|confirmation|activate|activation|verify|verification|unsubscribe|magic|magic-?links?|otp|sessions?|sess|secrets?|keys?|api-?keys?|auth|login|signin|sso|share|jwt|sid|code)$/i;
/** Folders in which frameworks keep a file for each session, named after its cookie. */
const BEFORE_SESSION = /^(?:.*[-_.])?(?:sess|session|sessions|tokens?)$/i;
/** A file of a session: the word, perhaps `id`, a separator or none, and the id. */
const SESSION_FILE =
  /^(.*?(?:(?<![A-Za-z])|c?gi|ruby_|php|flask_|django_)sess(?:ions?)?(?:[-_]?id|data)?)([-_.:=]?)([^]+)$/i;
const PAIR = /^([^=:]{0,80})([=:])([^]+)$/;
/** Keys with the mark of who gave them out. */
const MARKED_KEY =
  /(?<![A-Za-z0-9])(?:(?:AKIA|ASIA)[0-9A-Z]{8,}|gh[pousr]_\w{8,}|github_pat_\w{8,}|xox[a-z]-[\w-]{8,}|(?:sk|pk|rk)_(?:live|test)_\w{8,}|whsec_\w{8,}|sk-(?:proj-|ant-)?\w[\w-]{14,}|glpat-[\w-]{8,}|AIza[\w-]{8,}|eyJ[\w-]{8,}(?:\.[\w-]*){0,4}|npm_\w{8,}|pypi-[\w-]{8,}|hf_\w{8,}|SG\.[\w.-]{8,}|hv[sb]\.[\w-]{8,}|dop_v1_\w{8,}|shp(?:at|ss)_\w{8,}|ya29\.[\w-]{8,})/g;
/** What can be a key: the characters of base64url and what encloses them. */
const RUN = /[A-Za-z0-9_+=~-]{8,}(?:\.[A-Za-z0-9_+=~-]{8,})*/g;
/** Ends of names of programs and of what belongs to them. */
const CODE_FILE =
  /^(?:[A-Za-z-]{1,20}\.)?(?:py|pyc|pyi|rb|js|mjs|ts|php|so|java|class|jar|go|rs|c|h|pl|pm|sh|html|css)(?:[-.]\d+)*$/i;
/** Ends of names of files in which anything can be. */
const DATA_FILE =
  /^(?:[A-Za-z-]{1,20}\.)?(?:db|log|lock|sock|socket|scope|service|slice|conf|cfg|ini|json|yaml|yml|toml|txt|sqlite3?|pid|cache)(?:[-.]\d+)*$/i;
const ENCODED = /%[0-9a-f]{2}/i;
/** Content-addressed stores, whose names are public. */
const PUBLIC_STORE = /\/(?:nix\/store|gnu\/store)\/[0-9a-z]{32}-/;

/**
 * A path of the file system without the ids of sessions, values of tokens and keys in it. `isCut`: the capture has only
 * its beginning.
 */
export function maskPath(path: string, isCut = false): string {
  if (path.startsWith('/memfd:'))
    return path.replace(
      /^\/memfd:([^]*?)( \(deleted\))?$/,
      (_, name: string, end = '') => `/memfd:${isHarmlessName(name) ? name : REMOVED}${end}`,
    );
  if (path.startsWith('//') && path.includes('@')) return `//${maskPath(withoutUser(path.slice(2)), isCut)}`;
  const scheme = /^[a-z][a-z0-9+.-]{0,20}:\/\//i.exec(path);
  if (scheme !== null) return maskTarget(path, isCut);
  const at = path.search(/\?[\w.%-]+=/);
  const shown = at < 0 ? path : path.slice(0, at + 1);
  const masked = PUBLIC_STORE.test(path) ? shown : maskSegments(shown, BEFORE_SESSION, isCut);
  return at < 0 ? masked : `${masked}${REMOVED}`;
}

/** The target of a request without its query, user and password, and without tokens in its path. Idempotent. */
export function maskTarget(target: string, isCut = false): string {
  const [, authority = '', rest = ''] = /^((?:[a-z][a-z0-9+.-]{0,20}:)?\/\/)?([^]*)$/i.exec(target) ?? [];
  const query = rest.search(/[?#;]|%(?:25)*(?:3f|23|3b)|&[\w.%[\]-]*(?:=|%(?:25)*3d)/i);
  // What stands before an at sign may hold any character, also one that ends a path.
  const host = authority === '' ? rest : withoutUser(rest);
  if (host !== rest) return maskTarget(authority + host, isCut);
  return authority + maskSegments(query < 0 ? rest : rest.slice(0, query), BEFORE_TOKEN, isCut && query < 0);
}

/** `host/path` of `user:password@host/path`. A password may hold a slash: then a colon in front tells. */
export function withoutUser(rest: string): string {
  const at = rest.lastIndexOf('@');
  if (at < 0) return rest;
  const slash = rest.search(/[/?#]/);
  if (slash < 0 || at < slash) return rest.slice(at + 1);
  const colon = rest.indexOf(':');
  const first = rest.indexOf('@');
  if (first < slash || (colon >= 0 && colon < slash)) return rest.slice(at + 1);
  return rest;
}

function maskSegments(path: string, before: RegExp, isCut: boolean): string {
  const segments = path.split('/');
  let behind = '';
  return segments
    .map((segment, index) => {
      const isLast = index === segments.length - 1;
      // In a folder of programs `Session/Abstract/Base.php` is a name like any other.
      const isBehind = before.test(behind) && (isLast || before === BEFORE_TOKEN || /\d/.test(segment));
      const masked = segment === '' ? '' : maskSegment(segment, isBehind, isCut && isLast, before === BEFORE_TOKEN);
      // `//`, `/./` and the single letters into which PHP spreads its sessions do not come between.
      if (segment.length > 2 || !before.test(behind)) behind = decodeAll(segment);
      return masked;
    })
    .join('/');
}

function maskSegment(segment: string, isBehind: boolean, isCut: boolean, isTarget: boolean): string {
  if (segment.includes(REMOVED) || /^\.+$/.test(segment)) return segment;
  const plain = decodeAll(segment);
  if (isTarget && plain !== segment && plain.includes('/')) {
    const masked = maskSegments(plain, BEFORE_TOKEN, isCut);
    if (masked !== plain) return masked;
  }
  const ending = /^[^]+(\.sess(?:ion)?)$/.exec(plain);
  if (ending !== null && !isHarmlessName(plain)) return `${REMOVED}${ending[1]}`;
  const named = isTarget
    ? /^((?:[a-z]{1,20}[-_.])?(?:token|secret|password|apikey|key))[-_.]([^]+)$/i.exec(plain)
    : null;
  if (named !== null && !isOrdinary(named[2] ?? '')) return `${plain.slice(0, (named[1]?.length ?? 0) + 1)}${REMOVED}`;
  const pair = PAIR.exec(plain);
  if (pair !== null && namesSecret(pair[1] ?? '')) return `${pair[1]}${pair[2]}${REMOVED}`;
  const session = SESSION_FILE.exec(plain);
  if (session !== null && !isOrdinary(session[3] ?? '') && !isHarmlessName(plain))
    return `${session[1]}${session[2]}${REMOVED}`;
  if (isBehind && session === null && !isOrdinary(plain)) return REMOVED;
  const masked = maskRuns(plain, isCut);
  return masked === plain ? segment : masked;
}

/** Text in which each run of characters that is a key is removed. */
export function maskRuns(text: string, isCut = false): string {
  return text
    .replace(MARKED_KEY, REMOVED)
    .replace(RUN, (run, at: number) =>
      run !== REMOVED && isRandom(run, isCut && at + run.length === text.length) ? REMOVED : run,
    );
}

/** A step of a site, a short number, a file of a program: no id of a session. */
function isOrdinary(name: string): boolean {
  if (/^(?:\d{1,6}|[^A-Za-z0-9]*)$/.test(name) || name.startsWith('<') || isHarmlessName(name)) return true;
  const dot = name.indexOf('.', 1);
  const stem = dot < 0 ? '' : name.slice(0, dot);
  const end = name.slice(dot + 1);
  if (CODE_FILE.test(end)) return !/\d/.test(stem) || isHarmlessName(stem);
  return DATA_FILE.test(end) && (stem === '' || isHarmlessName(stem));
}

/** Percent-encoding undone, also where it was done several times. */
function decodeAll(segment: string): string {
  let text = segment;
  for (let turn = 0; turn < 4 && ENCODED.test(text); turn++)
    text = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return text;
}

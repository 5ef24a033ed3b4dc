/** A frame of a stack: a function, and the line it is at. Its words come from the program, and are untrusted. */
export interface CodeFrame {
  /** `application`; '' where the program has no name for it. */
  readonly name: string;
  /** Source file, or the library of a frame without one: `/srv/app.py`, `/usr/lib/libc.so.6`; '' when not known. */
  readonly file: string;
  /** 1-based; 0 where it is not known. */
  readonly line: number;
}

/** So much of names and paths is kept. */
const LONGEST_NAME = 80;
const LONGEST_FILE = 200;
/** So many frames of a stack are kept, the innermost. */
export const MOST_FRAMES = 40;
/** A file that stands in place of code that a program brings with it: `<frozen importlib._bootstrap>`, `node:net`. */
const BUILT_IN = /^(?:<(?!string>|stdin>|module>)|node:|internal\/|\[)/;
/** Installed packages, and what comes with an interpreter. */
const LIBRARY = new RegExp(
  [
    // Python: packages, the standard library, the same in a zip.
    '/(?:site|dist)-packages/',
    '/(?:python|pypy)\\d[\\w.]*/',
    '/python\\d+\\.zip/',
    '^src/(?:gevent|greenlet|eventlet)/',
    // Node.js, Ruby, PHP, Perl, Go and Java.
    '/node_modules/',
    '/(?:gems|rubygems|bundler)/',
    '/lib/ruby/',
    '/vendor/',
    '/share/(?:perl5?|php)/',
    '/pkg/mod/',
    '\\.jar(?:!|$)',
  ].join('|'),
);
/** What every program is linked with, and the interpreters themselves. */
const RUNTIME_OBJECT =
  /(?:^|\/)(?:lib(?:c|m|dl|rt|pthread|resolv|nss_\w+|util|stdc\+\+|gcc_s|ffi)(?:-[\d.]+)?\.so[\d.]*|ld-[\w.-]+|linux-(?:vdso|gate)[\w.]*|(?:lib)?(?:python|pypy|ruby|php|php-fpm|perl|node|java|jvm|uv)(?:-?\d[\w.-]*)?(?:\.so[\d.]*)?)$/;
/** Code of greenlets, which is in every stack of theirs. */
const GREEN = /\/(?:gevent|greenlet|eventlet)\//;
/** Python's multiprocessing starts a worker by a line of its own, given as text, which is none of the application. */
const SPAWNS = /\/multiprocessing\/(?:spawn|forkserver)\.py$/;
const GIVEN_AS_TEXT = '<string>';
/** The script that a package puts into a folder of programs to be started by. */
const LAUNCHER = /(?:^|\/)s?bin\/[^/]+$/;

/** A frame with its words bounded and without what no name of code holds. */
export function codeFrame(name: string, file: string, line: number): CodeFrame {
  return {
    name: plain(name).slice(0, LONGEST_NAME),
    file: lastOf(plain(file), LONGEST_FILE),
    line: Number.isInteger(line) && line > 0 && line < 1e8 ? line : 0,
  };
}

/**
 * The innermost frame that is neither of a library nor of an interpreter nor of the script that starts a server: the
 * line of whoever wrote the application. Null where there is none.
 */
export function applicationFrame(frames: readonly CodeFrame[]): CodeFrame | null {
  const isSpawned = frames.some(({ file }) => SPAWNS.test(file));
  return frames.find((frame) => isOfApplication(frame) && !(isSpawned && frame.file === GIVEN_AS_TEXT)) ?? null;
}

/**
 * The same of a stack that shows machine code only: the innermost frame of a library that somebody chose, such as the
 * client of a database, also where it came as a package. Null where only the interpreter and the C library are in it.
 */
function libraryFrame(frames: readonly CodeFrame[]): CodeFrame | null {
  return (
    frames.find(
      ({ file }) =>
        /^\//.test(file) && !RUNTIME_OBJECT.test(file) && !GREEN.test(file) && !/\/lib-dynload\//.test(file),
    ) ?? null
  );
}

/** Whether a file is an interpreter, or what every program is linked with: its functions say nothing of a program. */
export function isOfRuntime(file: string): boolean {
  return RUNTIME_OBJECT.test(file);
}

/** The frame that says most: of source that the application brings, else of a library. Null where neither is there. */
export function tellingFrame(frames: readonly CodeFrame[]): CodeFrame | null {
  const ofSource = frames.filter(({ line }) => line > 0);
  return ofSource.length > 0 ? applicationFrame(ofSource) : libraryFrame(frames);
}

function isOfApplication({ name, file }: CodeFrame): boolean {
  if (file === '' || BUILT_IN.test(file) || LIBRARY.test(file) || RUNTIME_OBJECT.test(file)) return false;
  return !(name === '<module>' && LAUNCHER.test(file));
}

/** What servers call while a thread of theirs serves a request, and not while it waits for one. */
const SERVES = new RegExp(
  [
    '/gunicorn/workers/\\w+\\.py:handle_request$',
    '/(?:waitress|cheroot)/\\w+\\.py:(?:service|respond)$',
    '/(?:werkzeug/serving|wsgiref/handlers)\\.py:(?:run_wsgi|run)$',
    '/flask/app\\.py:wsgi_app$',
    '/django/core/handlers/\\w+\\.py:get_response$',
    '/socketserver\\.py:process_request_thread$',
  ].join('|'),
);

/**
 * Whether a thread with this stack serves a request. Of servers that are not known it is not told. uWSGI calls the
 * application itself, in no code of Python; threads that the application starts begin in the standard library.
 */
export function servesRequest(frames: readonly CodeFrame[], server: string): boolean {
  const outermost = frames.at(-1);
  if (server === 'uWSGI' && outermost !== undefined && outermost.line > 0 && isOfApplication(outermost)) return true;
  return frames.some(({ name, file }) => SERVES.test(`${file}:${name}`));
}

/** `app.py:12 application()`: as short as a title wants it. */
export function codePlace({ name, file, line }: CodeFrame): string {
  const base = file.slice(file.lastIndexOf('/') + 1);
  const place = line === 0 ? base : `${base}:${line}`;
  if (name === '' || name.startsWith('<')) return name === '' || name === '<module>' ? place : `${place} ${name}`;
  return `${place} ${name.slice(name.lastIndexOf('.') + 1)}()`;
}

/** Controls, and what would turn or hide the text around it. */
function plain(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, '?');
}

/** The end of a path says more than its beginning. */
function lastOf(path: string, most: number): string {
  return path.length <= most ? path : `...${path.slice(path.length - most + 3)}`;
}

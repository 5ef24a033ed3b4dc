import fs from 'node:fs';
import { register, syncBuiltinESMExports } from 'node:module';

/**
 * Given to node with `--import`: makes this process, and its threads, see what it would see on a laptop that does not
 * run Linux. Nothing of the live engines may be loaded, and there is no /proc, /sys, or /dev/fd.
 */
const HOOKS = `
export async function load(url, context, next) {
  if (/\\/src\\/sources\\/live\\/|\\/node_modules\\/execa\\//.test(url)) throw new Error('for Linux alone: ' + url);
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);

Object.defineProperty(process, 'platform', { value: 'darwin' });

const ABSENT = /^\/(?:proc|sys|dev\/fd)(?:\/|$)/;
const NAMES = [
  'openSync',
  'readFileSync',
  'statSync',
  'lstatSync',
  'readlinkSync',
  'readdirSync',
  'accessSync',
] as const;

function absent(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file or directory, '${path}'`), { code: 'ENOENT', errno: -2, path });
}

for (const name of NAMES) {
  const original = fs[name] as (...words: readonly unknown[]) => unknown;
  const replacement = (...words: readonly unknown[]): unknown => {
    const [path, options] = words;
    if (typeof path !== 'string' || !ABSENT.test(path)) return original(...words);
    if ((options as { readonly throwIfNoEntry?: boolean } | undefined)?.throwIfNoEntry === false) return undefined;
    throw absent(path);
  };
  Object.assign(fs, { [name]: replacement });
}
Object.assign(fs, {
  existsSync: (
    (original) => (path: string) =>
      !ABSENT.test(path) && original(path)
  )(fs.existsSync),
});
syncBuiltinESMExports();

import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Script } from 'node:vm';
import { type CodeOrigin, readCode, writeCode } from './code-cache.ts';
import { setCodeKeeper } from './keep-code.ts';

type Exports = Readonly<Record<string, unknown>>;
type Run = (exports: Exports, require: (name: string) => unknown, imported: Importing, url: string) => void;
type Importing = (name: string) => Promise<unknown>;

/** What the bundle takes the place of `import()` by, and of `import.meta.url`: a script has neither. */
const PARAMETERS = 'exports, require, __import, __url';

/**
 * Runs a program of scripts of ASCII text in one folder. The last line of its first script is a hash of all of them. V8
 * takes the functions that an earlier run compiled from a file beside the program, which `keepCode` writes; without
 * that file the program runs all the same, only later.
 */
export function runProgram(folder: string, first: string): void {
  const path = join(folder, first);
  const url = pathToFileURL(path).href;
  const requireOther = createRequire(path);
  const imported: Importing = (name) => import(name);
  const { mtimeMs, uid } = statSync(path);
  const firstText = readFileSync(path, 'latin1');
  const hash = firstText.slice(firstText.trimEnd().lastIndexOf('\n') + 1);
  const cache = `${path}.cache`;
  // Windows tells of no file who may write it.
  const isKept = process.platform !== 'win32' && process.env['NODE_DISABLE_COMPILE_CACHE'] !== '1';
  let origin: CodeOrigin = { node: thisNode(), hash, changedMs: mtimeMs, kinds: [] };
  const kept = isKept ? readCode(cache, origin, uid) : null;
  if (kept !== null) origin = kept.origin;

  const scripts = new Map<string, Script>();
  const loaded = new Map<string, Exports>();
  const load = (name: string): Exports => {
    const known = loaded.get(name);
    if (known !== undefined) return known;
    const text = name === first ? firstText : readFileSync(join(folder, name), 'latin1');
    const code = kept?.scripts.get(name);
    const script = new Script(`(function(${PARAMETERS}){"use strict";${text}\n})`, {
      filename: join(folder, name),
      ...(code === undefined ? {} : { cachedData: code }),
    });
    if (script.cachedDataRejected === true) origin = { ...origin, kinds: [] };
    scripts.set(name, script);
    const exports: Exports = {};
    loaded.set(name, exports);
    const run = script.runInThisContext() as Run;
    run(exports, (other) => (other.startsWith('./') ? load(other.slice(2)) : requireOther(other)), imported, url);
    return exports;
  };
  // Root leaves no file of its own in the folder of somebody else.
  if (isKept && uid === process.geteuid?.())
    setCodeKeeper((kind) => {
      if (origin.kinds.includes(kind)) return;
      origin = { ...origin, kinds: [...origin.kinds, kind] };
      const codes = new Map(kept?.scripts);
      for (const [name, script] of scripts) codes.set(name, script.createCachedData());
      writeCode(cache, { origin, scripts: codes });
    });
  load(first);
}

/** This very Node: its version does not tell apart who built it. */
function thisNode(): string {
  const { mtimeMs, size } = statSync(process.execPath);
  return [process.execPath, process.version, process.arch, mtimeMs, size].join(' ');
}

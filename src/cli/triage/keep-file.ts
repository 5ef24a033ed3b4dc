import { closeSync, openSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCode, failureReason } from '../../sources/input-error.ts';

const OWNER_ONLY = 0o600;
const MOST_TRIES = 1_000;
/** What terminals take for their clipboard. */
const MOST_CLIPBOARD_BYTES = 50_000;

/** Writes a new file, in the current directory or, when nothing may be written there, among the temporary files. Never over one that exists. */
export function keepFile(name: string, text: string): { readonly path: string } | { readonly problem: string } {
  let problem = '';
  for (const folder of ['.', tmpdir()]) {
    for (let number = 1; number <= MOST_TRIES; number++) {
      const path = join(folder, number === 1 ? name : name.replace(/(\.\w+)$/, `-${number}$1`));
      try {
        const file = openSync(path, 'wx', OWNER_ONLY);
        try {
          writeSync(file, text);
        } finally {
          closeSync(file);
        }
        return { path: folder === '.' ? `./${path}` : path };
      } catch (error) {
        if (errorCode(error) === 'EEXIST') continue;
        problem = `Cannot write ${path}: ${failureReason(error)}.`;
        break;
      }
    }
  }
  return { problem };
}

/** The sequence that puts text into the clipboard of the terminal, over ssh and tmux too (OSC 52); '' for more than terminals take. */
export function clipboardSequence(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length > MOST_CLIPBOARD_BYTES ? '' : `\x1b]52;c;${bytes.toString('base64')}\x07`;
}

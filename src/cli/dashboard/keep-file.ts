import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Destination } from '../../files/destination.ts';
import { OutputError } from '../../files/output-error.ts';

const MOST_TRIES = 1_000;
/** What terminals take for their clipboard. */
const MOST_CLIPBOARD_BYTES = 50_000;

/**
 * Writes a new file, in the current directory or, when nothing may be written there, among the temporary files. Never
 * over one that exists.
 */
export function keepFile(name: string, text: string): { readonly path: string } | { readonly problem: string } {
  let problem = '';
  for (const folder of ['.', tmpdir()]) {
    for (let number = 1; number <= MOST_TRIES; number++) {
      const path = join(folder, number === 1 ? name : name.replace(/(\.\w+)$/, `-${number}$1`));
      try {
        writeNew(path, text);
        return { path: folder === '.' ? `./${path}` : path };
      } catch (error) {
        if (!(error instanceof OutputError)) throw error;
        problem = error.message;
        // Something has this name; others may be free.
        if (!error.isTaken) break;
      }
    }
  }
  return { problem };
}

function writeNew(path: string, text: string): void {
  const destination = Destination.find(path, { option: 'export', force: false, inputs: [] });
  try {
    destination.write(text);
  } finally {
    destination.close();
  }
}

/**
 * The sequence that puts text into the clipboard of the terminal, over ssh and tmux too (OSC 52); '' for more than
 * terminals take.
 */
export function clipboardSequence(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length > MOST_CLIPBOARD_BYTES ? '' : `\x1b]52;c;${bytes.toString('base64')}\x07`;
}

import { UsageError } from './usage-error.ts';

/** When the flight recorder writes what it holds. */
export type Condition =
  /** A worker does not get back to its wait for this long. */
  | { readonly kind: 'stall'; readonly ms: number }
  /** A call fails with this error. */
  | { readonly kind: 'error'; readonly errno: string }
  /** A process is killed, crashes or fails. */
  | { readonly kind: 'death' }
  /** A program ends with another exit code than 0, or does not end. */
  | { readonly kind: 'command'; readonly words: readonly [string, ...string[]] };

const FORMS = "Write 'stall>500ms', EPIPE, death, or 'cmd:curl -fsS http://127.0.0.1:8000/health'.";
/** Shorter stalls than this are what any loop does. */
const LEAST_STALL_MS = 10;
const LONGEST_STALL_MS = 3_600_000;
/** What loops meet all the time. */
const EVERYDAY = new Set(['EAGAIN', 'EWOULDBLOCK', 'EINPROGRESS', 'EINTR', 'ENOENT', 'ENOTTY', 'EEXIST']);

/** Reads a condition of `--until`, added to what earlier options gave. Throws `UsageError`. */
export function parseCondition(text: string, before: readonly Condition[] = []): Condition[] {
  return [...before, conditionOf(text.trim())];
}

function conditionOf(text: string): Condition {
  const stall = /^stall\s*>=?\s*(\d+(?:\.\d+)?)\s*(ms|s)$/i.exec(text);
  if (stall !== null) {
    const ms = Number(stall[1]) * (stall[2]?.toLowerCase() === 's' ? 1_000 : 1);
    if (ms < LEAST_STALL_MS || ms > LONGEST_STALL_MS)
      throw new UsageError(`"${text}" is no stall between ${LEAST_STALL_MS} ms and an hour.`, { hint: FORMS });
    return { kind: 'stall', ms };
  }
  if (/^death$/i.test(text)) return { kind: 'death' };
  if (text.startsWith('cmd:')) return { kind: 'command', words: commandWords(text.slice('cmd:'.length)) };
  if (/^E[A-Z0-9]{2,}$/.test(text)) {
    if (EVERYDAY.has(text))
      throw new UsageError(`${text} happens all the time on any server.`, {
        hint: 'Name an error that should not happen: EPIPE, ECONNRESET, EMFILE, ENOSPC.',
      });
    return { kind: 'error', errno: text };
  }
  throw new UsageError(`"${text}" is no condition that drover knows.`, { hint: FORMS });
}

/**
 * Program and words of a command, at blanks; quotes keep blanks together. No shell ever sees it, so what only a shell
 * would understand is refused. Throws `UsageError`.
 */
function commandWords(text: string): readonly [string, ...string[]] {
  const words: string[] = [];
  const pattern = /\s*((?:"[^"]*"|'[^']*'|[^\s"'])+)/gy;
  let end = 0;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    end = pattern.lastIndex;
    words.push((found[1] ?? '').replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
  }
  if (text.slice(end).trim() !== '') throw new UsageError(`A quote of "cmd:${text}" is not closed.`, { hint: FORMS });
  const [program, ...others] = words;
  if (program === undefined) throw new UsageError('"cmd:" names no program.', { hint: FORMS });
  const shellWord = words.find((word) => /^(?:\||\|\||&&?|;|[12]?>.*|<.*)$/.test(word));
  if (shellWord !== undefined)
    throw new UsageError(`cmd: starts its program without a shell, which "${shellWord}" needs.`, {
      hint: 'Put it into a script, and name that: cmd:/usr/local/bin/check',
    });
  return [program, ...others];
}

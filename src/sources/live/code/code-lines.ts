import { codeWord } from '../../../trace/code-words.ts';
import type { SightNotation } from '../sight-lines.ts';
import type { CodeSight } from './code-watch.ts';

/** What threads were seen to run, as `event=code` lines behind a capture. */
export function codeLines(seen: readonly CodeSight[], { prefix, stamp }: SightNotation): string {
  return seen
    .map(
      ({ pid, tid, from, at, by, frames }) =>
        `${prefix}event=code ts=${stamp(at)} took=${Math.round(at - from)} pid=${pid} tid=${tid} by=${by} ` +
        `frames=${codeWord(frames)}\n`,
    )
    .join('');
}

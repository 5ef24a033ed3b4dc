import { captureSoFar } from '../../pipeline/capture-so-far.ts';
import type { LiveCapture } from '../../sources/live/capture.ts';
import type { TraceInput } from '../../sources/trace-input.ts';

/** What the ring holds, as a capture that ended now. */
export function ringInput(capture: LiveCapture): TraceInput {
  const begin = capture.ringStart;
  const lastIsOpen = capture.engine.name === 'strace' && !capture.isOver;
  if (begin === null) return captureSoFar(capture.name, capture.opened, { lines: capture.sightsSoFar(), lastIsOpen });
  return captureSoFar(capture.name, capture.opened, { begin, lines: capture.sightsSince(begin), lastIsOpen });
}

/** The growing capture from the start of the ring on. */
export function begunAnew({ input, ringStart }: LiveCapture): TraceInput {
  return withChunks(input, async function* () {
    yield Buffer.from(ringStart?.opening ?? '', 'latin1');
    yield* input.chunks();
  });
}

/** Ends after a while, at the end of a chunk; `until` on the clock of `performance.now()`. */
export function endingAt(input: TraceInput, until: number): TraceInput {
  return withChunks(input, async function* () {
    for await (const chunk of input.chunks()) {
      yield chunk;
      if (performance.now() > until) return;
    }
  });
}

function withChunks(input: TraceInput, chunks: () => AsyncGenerator<Buffer>): TraceInput {
  return {
    ...input,
    get bytesRead() {
      return input.bytesRead;
    },
    chunks,
  };
}

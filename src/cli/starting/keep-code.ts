type CodeKeeper = (kind: string) => void;

/** The starter and the program are bundles of their own, which share no module. */
const KEEPER = Symbol.for('drover.code-keeper');
const shared = globalThis as { [KEEPER]?: CodeKeeper };

/** Says who keeps the code that V8 compiled, before the program runs. */
export function setCodeKeeper(keep: CodeKeeper): void {
  shared[KEEPER] = keep;
}

/**
 * Keeps what V8 compiled until now for the next start, unless code of a run of this kind is kept already. Takes some
 * 15 ms, so call it when everything is written. Does nothing where the program was started without a code cache.
 */
export function keepCode(kind: string): void {
  shared[KEEPER]?.(kind);
}

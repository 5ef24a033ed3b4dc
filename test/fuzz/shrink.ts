import type { FuzzCase, FuzzFile } from './fuzz-case.ts';

/** So many tries, and no longer than this: a smaller case is a help, not a need. */
const TRIES = 1_500;
const LONGEST_MS = 25_000;

/** Leaves out of the case what is not needed for the same kind of complaint. */
export async function shrunk(fuzzCase: FuzzCase, fails: (smaller: FuzzCase) => Promise<boolean>): Promise<FuzzCase> {
  const end = performance.now() + LONGEST_MS;
  let best = fuzzCase;
  let tries = 0;
  const tryOut = async (smaller: FuzzCase): Promise<boolean> => {
    if (tries++ > TRIES || performance.now() > end || !(await fails(smaller))) return false;
    best = smaller;
    return true;
  };
  const { facts: _facts, ...withoutFacts } = best;
  if (best.facts !== undefined) await tryOut(withoutFacts);
  for (let index = best.files.length - 1; index >= 0 && best.files.length > 1; index--)
    await tryOut({ ...best, files: best.files.filter((_, place) => place !== index) });
  for (let index = 0; index < best.files.length; index++) {
    for (
      let size = Math.ceil((best.files[index]?.lines.length ?? 0) / 2);
      size >= 1;
      size = size === 1 ? 0 : Math.ceil(size / 2)
    ) {
      for (let from = 0; from < (best.files[index]?.lines.length ?? 0); ) {
        if (!(await tryOut(without(best, index, from, size)))) from += size;
      }
    }
  }
  return best;
}

function without(fuzzCase: FuzzCase, index: number, from: number, size: number): FuzzCase {
  const cut = (file: FuzzFile): FuzzFile => ({
    ...file,
    lines: file.lines.filter((_, place) => place < from || place >= from + size),
  });
  return { ...fuzzCase, files: fuzzCase.files.map((file, place) => (place === index ? cut(file) : file)) };
}

/** What a line of a printed map is. */
export type MapLine =
  | { readonly kind: 'entry'; readonly map: string; readonly key: string; readonly value: string }
  /** The head of a histogram, one of its rows, or a part of a key of several lines. */
  | { readonly kind: 'part' };

const PART: MapLine = { kind: 'part' };
/** `@name[` and everything up to the last `]: `: keys may hold colons and brackets. */
const KEYED = /^(@\w*)\[(.*)\]: ?(.*)$/s;
const SCALAR = /^(@\w*): ?(.*)$/s;
/** `[4, 8)   1 |@@@   |`, `(..., 0)  3 |@@ |` */
const ROW = /^[[(][^|]{1,60}[\])]\s+\d+ \|[^|]*\|$/;
const LONGEST_KEY = 200;

/** Tells the lines of printed maps and histograms from others. */
export class MapLines {
  /** The lines of a key that goes over several: a stack. */
  #open = 0;

  /** The next line may be a part of a key, whatever it looks like. */
  get isOpen(): boolean {
    return this.#open > 0;
  }

  /** Null when the line is no part of a map. */
  read(line: string): MapLine | null {
    if (line.charCodeAt(0) === 0x40) this.#open = 0;
    if (this.#open > 0) {
      // A stack is at most 127 frames; anything longer is no key.
      if (/^[^@]*\]: ?(?:\d|count |\(|$)/.test(line) || ++this.#open > LONGEST_KEY) this.#open = 0;
      return PART;
    }
    if (line.charCodeAt(0) === 0x40) {
      const keyed = KEYED.exec(line);
      if (keyed !== null)
        return keyed[3] === ''
          ? PART
          : { kind: 'entry', map: keyed[1] ?? '', key: keyed[2] ?? '', value: keyed[3] ?? '' };
      const scalar = SCALAR.exec(line);
      if (scalar !== null)
        return scalar[2] === '' ? PART : { kind: 'entry', map: scalar[1] ?? '', key: '', value: scalar[2] ?? '' };
      if (/^@\w*\[[^\]]*$/.test(line)) {
        this.#open = 1;
        return PART;
      }
      return null;
    }
    return ROW.test(line) ? PART : null;
  }
}

/** One kind of input: a capture in which there is more and more of one thing. */
export interface GrowthClass {
  /** What grows, in a word for `--class`. */
  readonly name: string;
  /** What there is more of, for the table: `processes that wake and find nothing`. */
  readonly grows: string;
  /** How many there are at 8×. */
  readonly most: number;
  /**
   * How many there are at 8× with `--full`, where the usual number is too few to show all of it or too many to wait
   * for.
   */
  readonly full?: number;
  /** How many there are at 8× with `--quick`, where an eighth of the usual number is too few to measure. */
  readonly quick?: number;
  /** The files of the capture with so many of them. The same number always gives the same bytes. */
  files(count: number): Iterable<GrowthFile>;
}

/** A file of a capture, written line by line: a capture may be larger than the memory. */
export interface GrowthFile {
  readonly name: string;
  /** Lines, or several of them, each with its newline. */
  readonly text: Iterable<string>;
  /** Whether it is stored as gzip does. */
  readonly packed?: boolean;
}

/** A class whose capture is one file. */
export function oneFile(
  name: string,
  grows: string,
  sizes: Pick<GrowthClass, 'most' | 'full' | 'quick'>,
  text: (count: number) => Iterable<string>,
): GrowthClass {
  return { name, grows, ...sizes, files: (count) => [{ name: 'capture.trace', text: text(count) }] };
}

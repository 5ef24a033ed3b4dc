/** A title is a line of a list, in characters. */
export const LONGEST_TITLE = 78;

/** A word longer than that is a path or the like, of which the beginning says something. */
const LONGEST_WORD = 24;

/**
 * The beginning of a title that is too long, marked with `...` and without half a word or number at its end: `1,2` of
 * `1,234` would be another number.
 */
export function cutTitle(title: string, most = LONGEST_TITLE): string {
  if (title.length <= most) return title;
  const room = most - ' ...'.length;
  const space = title.lastIndexOf(' ', room);
  const [word = ''] = title.slice(space + 1).split(' ', 1);
  if (word.length > LONGEST_WORD) return `${title.slice(0, most - 3).replace(/[\d.,:]+$/, '')}...`;
  // A number without its unit says nothing.
  return `${title.slice(0, space).replace(/(?: [\d.,]+)?[:,;]?$/, '')} ...`;
}

/**
 * The words of an argument that stands for a constant: `O_RDWR` as it is, `0x2 /* O_RDWR *\/` (`-X verbose`) without its
 * number, and of a number alone (`-X raw`) what `name` makes of it.
 */
export function flagWord(argument: string, name: (value: number) => string): string {
  const first = argument.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39)) return argument;
  const comment = /^\w+ \/\* ([^*]+) \*\//.exec(argument)?.[1];
  if (comment !== undefined) return comment;
  const value = Number(/^(?:0x[0-9a-f]{1,8}|\d{1,10})$/i.exec(argument)?.[0] ?? Number.NaN);
  return Number.isNaN(value) ? argument : name(value);
}

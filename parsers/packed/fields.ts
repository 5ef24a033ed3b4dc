/** What one line holds, by names of fields or numbers of columns. */
export type Fields = ReadonlyMap<string, string>;

/** Takes a line (Latin-1, a character a byte) to pieces; null when it is not of this shape. */
export type FieldReader = (line: string) => Fields | null;

/** Lines that hold nothing but the frame of others: brackets, rulers. */
export const NO_FIELDS: Fields = new Map();

/**
 * Looks at a scene (`NAME~LOOK`) that are not yet as they should be, and what is wrong. One that becomes right must
 * leave the list: the test says which.
 */
export const OPEN: ReadonlyMap<string, string> = new Map<string, string>([]);

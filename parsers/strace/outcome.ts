/** The line is no record of the tracer. */
export const NO_RECORD = 0;
/** The line completed a record. */
export const RECORD = 1;
/** The line was understood, and nothing is to be told yet: the first half of a call. */
export const NOTED = 2;
/** The line is a call that does not end. */
export const UNENDED = 3;
/** The line is a record that no thread can have made. */
export const NOBODY = 4;

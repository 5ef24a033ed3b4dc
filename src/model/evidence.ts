/** A line of the capture that is kept for evidence. */
export interface KeptLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Stands where no line shows what happened. */
export const NO_LINE: KeptLine = { file: '', line: 0, text: '' };

/** Copies the line of a record for evidence. */
export function keptLine(record: { readonly file: string; readonly line: number; readonly text: string }): KeptLine {
  return { file: record.file, line: record.line, text: record.text };
}

/** The line on which a call was entered, which shows its arguments; that of its end differs when it was split. */
export function entryLine(call: {
  readonly file: string;
  readonly startLine: number;
  readonly startText: string;
}): KeptLine {
  return { file: call.file, line: call.startLine, text: call.startText };
}

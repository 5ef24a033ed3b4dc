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

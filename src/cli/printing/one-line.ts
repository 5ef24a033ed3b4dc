/**
 * Text that is one line of a terminal: names of files may hold anything, also commands for the terminal and letters
 * that turn its direction.
 */
export function oneLine(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');
}

/** Says what a head looks like that no format wants. */
export function describeUnknown(head: Buffer): string {
  return head.length === 0 ? 'an empty file' : 'no trace that drover knows';
}

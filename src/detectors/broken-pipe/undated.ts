/** What a failed write has in common with others of which no age is known, or none matters. */
export const UNDATED = {
  target: 'client',
  ageMs: null,
  ageIsLowerBound: false,
  ownMs: null,
  waitingMs: null,
  behindMs: null,
  behind: '',
  upstream: null,
  upstreamMs: null,
} as const;

/** The words of a finding that a report takes over as they are: plain data, which users of the library see. */

export type Severity = 'critical' | 'warning' | 'info';
/**
 * `likely`: direct evidence, the mechanism is visible. `possible`: the pattern fits but a part is missing.
 * `cannot-tell`: the data is poor.
 */
export type Confidence = 'likely' | 'possible' | 'cannot-tell';

export interface Outcome {
  readonly status: 'found' | 'clear' | 'not-applicable' | 'failed';
  /** Why, with the numbers looked at; for `not-applicable` also what would make it applicable. */
  readonly reason: string;
  /**
   * With `not-applicable`: the capture shows this kind of thing and has none of it (no wait for a service, no lookup,
   * no lock), so that there was nothing to judge.
   */
  readonly absent?: true;
}

export interface Step {
  readonly text: string;
  /** Something to type. */
  readonly command?: string;
  /** The version or privilege that the step needs. */
  readonly needs?: string;
  /** What may go wrong when it is followed. */
  readonly caveat?: string;
}

/** What a finding carries besides its sentences: plain data. */
export type Metric = number | string | boolean | null | readonly Metric[] | { readonly [name: string]: Metric };

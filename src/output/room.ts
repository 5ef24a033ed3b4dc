/** What there is room for: findings told in full, rows of a table; `isBrief`: one step a finding and no tables. */
export interface Room {
  readonly findings: number;
  readonly rows: number;
  readonly isBrief: boolean;
}

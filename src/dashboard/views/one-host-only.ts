import { show } from '../../output/show.ts';
import { type Row, row } from '../spans.ts';
import { type DashboardState, shownReport } from '../state.ts';

/** That captures of several hosts have no such picture, and how the worst of them is looked at; no rows of one host. */
export function oneHostOnly(state: DashboardState, picture: string): readonly Row[] {
  const [worst] = shownReport(state)?.hosts ?? [];
  const file = worst?.paths[0];
  if (file === undefined) return [];
  return [
    row(` Captures of several hosts have no ${picture} here. Look at the worst of them:`),
    row(`   drover triage ${show(file, state.glyphs.ascii)}`),
  ];
}

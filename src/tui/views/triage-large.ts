import type { Row } from '../spans.ts';
import type { TuiState } from '../state.ts';
import { drawTriage } from './triage.ts';

/** The triage view on a large terminal. */
export function drawLargeTriage(state: TuiState): readonly Row[] {
  return drawTriage(state);
}

import type { Model } from '../../model/model.ts';
import { RefusalTracker } from '../../model/topics/refusals/refusal-tracker.ts';

/** An answer is shown up to a few bytes (`-s 8`), which do not tell whether it refuses. */
export const hidesAnswers = (model: Model): boolean => model.topic(RefusalTracker).hidden;

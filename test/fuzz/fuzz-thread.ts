import { parentPort, workerData } from 'node:worker_threads';
import { readCorpus } from './corpus.ts';
import { fuzzCase } from './fuzz-case.ts';
import { complaintAbout } from './oracle.ts';
import { randomOf } from './random.ts';

/** What the thread that tries cases is told. */
export interface FuzzTask {
  readonly seed: number;
  readonly from: number;
  /** Cases to try; Infinity: until it is ended. */
  readonly count: number;
}

/** A case begins, or failed; or all were tried. */
export type FuzzMessage =
  | { readonly kind: 'begin'; readonly number: number }
  | { readonly kind: 'failed'; readonly number: number; readonly complaint: string }
  | { readonly kind: 'done' };

const { seed, from, count } = workerData as FuzzTask;
const post = (message: FuzzMessage): void => parentPort?.postMessage(message);
const corpus = readCorpus();
for (let number = from; number < from + count; number++) {
  post({ kind: 'begin', number });
  const complaint = await complaintAbout(fuzzCase(corpus, seed, number), randomOf(~seed, number));
  if (complaint !== '') post({ kind: 'failed', number, complaint });
}
post({ kind: 'done' });

import { DESCRIPTORS } from './descriptors.ts';
import type { GrowthClass } from './growth-class.ts';
import { LINES } from './lines.ts';
import { NAMES } from './names.ts';
import { OTHER_INPUTS } from './other-inputs.ts';
import { PROCESSES } from './processes.ts';
import { TROUBLE } from './trouble.ts';

/** Every class of input that the bench lets grow. */
export const CLASSES: readonly GrowthClass[] = [
  ...PROCESSES,
  ...DESCRIPTORS,
  ...NAMES,
  ...TROUBLE,
  ...LINES,
  ...OTHER_INPUTS,
];

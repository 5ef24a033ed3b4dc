import type { Process } from '../../model/machine/process.ts';
import type { Growth } from './growth.ts';

/** A process of which one kind of descriptors grows with its requests. */
export interface Leak extends Growth {
  readonly process: Process;
}

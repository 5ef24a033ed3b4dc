import { plural } from '../trace/format-numbers.ts';
import type { Context } from './detector.ts';
import { RECORDING } from './need.ts';

/** So few may be chance: lines that somebody took out. */
const FEW = 3;
/** The part of the connections from which on nobody is cleared: a pool that is full serves as many unseen. */
const MANY = 0.1;

/**
 * What threads that no name ties to their process keep from being told; null where there are none. Who was served by
 * them is counted for nobody.
 */
export function whatNamesWouldTell({
  model,
  capabilities,
}: Pick<Context, 'model' | 'capabilities'>): { readonly many: boolean; readonly sentence: string } | null {
  // Where all arguments are numbers -y has no effect.
  if (capabilities.names || capabilities.isRaw === true || !capabilities.stopsThreads) return null;
  const processes = model.processes.all();
  const unseen = processes.reduce((sum, { servedUnseen }) => sum + servedUnseen, 0);
  if (unseen < FEW) return null;
  const accepted = processes.reduce((sum, process) => sum + process.accepted, 0);
  return {
    many: unseen >= MANY * accepted,
    sentence:
      `The capture has no names of descriptors (-y): a thread that was there before the capture looks like a ` +
      `process. Such threads served ${unseen} of ${plural(accepted, 'connection')}, and their requests are not ` +
      `counted. Record with -y: ${RECORDING}`,
  };
}

/** Why no request was read, where drover knows; else what the caller says. */
export function whyNoRequest(context: Context, otherwise: string): string {
  return whatNamesWouldTell(context)?.sentence ?? otherwise;
}

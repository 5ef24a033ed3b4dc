import type { FailedWrite } from '../../model/facts.ts';
import type { Process } from '../../model/machine/process.ts';
import { threadsOf } from '../../model/machine/threads-of.ts';
import type { Model } from '../../model/model.ts';

/**
 * Whether a write failed as half a shell pipeline ends: by a program that the capture shows from its start on, and that
 * neither serves nor was started by anybody who does.
 */
export function isOfPipeline({ thread, connection }: FailedWrite, { listeners }: Model): boolean {
  const { process } = thread;
  if (connection !== null || process.argv.length === 0) return false;
  const opened = new Set(listeners.all.map(({ openedBy }) => openedBy));
  for (let each: Process | null = process; each !== null; each = each.parent)
    if (opened.has(each) || serves(each)) return false;
  return true;
}

function serves(process: Process): boolean {
  return process.accepted > 0 || process.requests > 0 || threadsOf(process).some(({ hasServed }) => hasServed);
}

import { type AnalysisMessage, AnalysisThread } from '../../src/pipeline/analysis-thread.ts';

/** All that the thread says, to its end. */
export function messages(
  path: string,
  { memoryMb = 512, onStart = (_: AnalysisThread): void => undefined } = {},
): Promise<AnalysisMessage[]> {
  const told: AnalysisMessage[] = [];
  return new Promise((resolve) => {
    const thread: AnalysisThread = new AnalysisThread({
      paths: [path],
      options: {},
      memoryMb,
      tell: (message) => {
        told.push(message);
        if (message.kind === 'done' || message.kind === 'failed') void thread.terminate().then(() => resolve(told));
      },
    });
    onStart(thread);
  });
}

import { needsTool } from './needs-tool.ts';

/** No live test may hang the others. */
const MOST_MS = 90_000;

/**
 * Programs that a traced gunicorn needs; as root, since tests mount a disk and trace processes that are not their
 * children.
 */
export function needsLive(...more: readonly string[]): { readonly skip: string | false; readonly timeout: number } {
  const tools = {
    ...needsTool('strace', 'setpriv', 'prlimit', 'timeout', 'gunicorn', 'python3', ...more),
    timeout: MOST_MS,
  };
  if (tools.skip !== false || process.geteuid?.() === 0) return tools;
  const message = 'needs root';
  if (process.env.CI) throw new Error(`a test ${message}`);
  return { ...tools, skip: message };
}

import type { Step } from './finding.ts';

/** How to see whether a service is there that refuses connections. */
export function listensThere(target: string): Step {
  return {
    text: `See whether a service listens on ${target}: connect from this host, and run ss -ltnp on the host of the service.`,
    ...(/^[\d.]+:\d+$/.test(target) ? { command: `nc -vz ${target.replace(':', ' ')}` } : {}),
  };
}

import { readFileSync } from 'node:fs';
import type { ProcessNames } from './checks.ts';
import { findFamily, type ProcessListing } from './family.ts';

const SERVERS = /^(?:gunicorn|uwsgi|nginx|puma|unicorn|php-fpm|apache2|httpd|haproxy|uvicorn|hypercorn|celery|node)/;
const MOST_SERVERS = 3;
const MOST_PIDS = 8;

/** Names of processes and users of this host, looked up when a sentence needs them. */
export function processNames(view: ProcessListing): ProcessNames {
  return {
    nameOf: (pid) => view.read(pid)?.name ?? '',
    userName,
    get servers() {
      return runningServers(view);
    },
  };
}

function userName(userId: number): string {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name, , id] = line.split(':');
      if (id === String(userId) && name !== undefined) return name;
    }
  } catch {
    // Without the file the number is the best name there is.
  }
  return String(userId);
}

function runningServers(view: ProcessListing): string[] {
  const servers = new Map<string, string[]>();
  let found = 0;
  const seen = new Set<number>();
  for (const pid of view.parents.keys()) {
    const process = seen.has(pid) ? null : view.read(pid);
    if (process === null || !SERVERS.test(process.name)) continue;
    const family = findFamily([pid], view);
    for (const member of family) seen.add(member.pid);
    const pids = family.slice(0, MOST_PIDS).map((member) => member.pid);
    // A single node or celery is somebody's tool rather than a server of workers.
    if (family.length <= 1 || found >= MOST_SERVERS) continue;
    found++;
    const named = `${pids.join(' ')}${family.length > MOST_PIDS ? ' …' : ''}`;
    servers.set(process.name, [...(servers.get(process.name) ?? []), named]);
  }
  return [...servers].map(([name, each]) => `${name} now runs as ${each.join(', and as ')}`);
}

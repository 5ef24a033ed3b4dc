import type { Step } from '../finding.ts';

/** Lists the sockets that listen: whether workers share one queue. */
export const CHECK: Step = {
  text: 'Check on the host that one listening socket is shared by all workers.',
  command: 'ss -ltnp',
  needs: 'root, to see the pids',
};

/** What a queue for each worker costs. */
export const OWN_QUEUES =
  'Each worker then has a queue of its own: connections queued on a worker that stalls wait although others are ' +
  'idle, and those queued on a worker that exits are reset unless net.ipv4.tcp_migrate_req=1 (Linux 5.14 or later).';

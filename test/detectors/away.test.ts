import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { analyzed } from '../support/analyzed.ts';

const BEGIN = 1795140800;
const UPSTREAM = '15<TCP:[127.0.0.1:40404->10.0.0.5:18432]>';

/** One turn of a loop, which asks a service for each of its clients and waits; the last wait has not ended. */
function turn({ waits = 3, seconds = 2, last = 0.7 } = {}): string {
  const lines: string[] = [];
  let at = BEGIN;
  const line = (text: string, took: number): void => {
    lines.push(`103 ${at.toFixed(6)} ${text} <${took.toFixed(6)}>`);
    at += took + 0.001;
  };
  const asks = (): void => line(`sendto(${UPSTREAM}, "GET /q HTTP/1.1\\r\\n\\r\\n", 18, 0, NULL, 0) = 18`, 0.0001);
  line('close(21</srv/a>) = 0', 0.00001);
  for (let client = 0; client < waits; client++) {
    const fd = `${7 + client}<TCP:[127.0.0.1:8000->10.0.0.9:500${client}]>`;
    asks();
    line(`recvfrom(${UPSTREAM}, "HTTP/1.1 200 OK\\r\\n\\r\\n", 100, 0, NULL, NULL) = 19`, seconds);
    line(`sendto(${fd}, "HTTP/1.1 200 OK\\r\\n\\r\\n", 19, 0, NULL, 0) = 19`, 0.0001);
    line(`sendto(${fd}, "ok", 2, 0, NULL, 0) = -1 EPIPE (Broken pipe)`, 0.0001);
    line(`epoll_ctl(3<anon_inode:[eventpoll]>, EPOLL_CTL_DEL, ${fd}, 0x7ffd) = 0`, 0.0001);
  }
  asks();
  lines.push(`103 ${at.toFixed(6)} recvfrom(${UPSTREAM},  <unfinished ...>`);
  const end = at + last;
  lines.push(
    `strace: drover: event=seen ts=${end.toFixed(6)} for=${Math.round((end - BEGIN) * 1e9)} pid=103 tid=103 parent=1 ` +
      'call=recvfrom ran=0 clients=4 comm=uvicorn',
  );
  return `${lines.join('\n')}\n`;
}

const told = async (trace: string): Promise<string[]> => {
  const { findings } = await analyzed(trace);
  return findings.filter(({ effectOf }) => effectOf === null).map(({ kind, title }) => `${kind}: ${title}`);
};

describe('a loop that serves one client after the other in the turn that the capture began in', () => {
  const AWAY = /^stuck-call: Process 103 does not come back for [\d.]+ s: recvfrom on 10\.0\.0\.5:18432 \(4x\)$/;
  const isAway = async (trace: string): Promise<void> => {
    const [first = '', ...rest] = await told(trace);
    assert.match(first, AWAY);
    assert.deepEqual(rest, []);
  };

  it('is one finding: its late replies and its service are effects of it', async () => {
    await isAway(turn());
  });

  it('is that also while its last wait is long enough to be stuck, as long as that is the lesser part', async () => {
    await isAway(turn({ last: 2 }));
    assert.deepEqual(
      await told(turn({ waits: 1, seconds: 0.5, last: 4 })).then(([first = '']) => first.slice(0, 36)),
      'stuck-call: Pid 103 is stuck in recv',
    );
  });
});

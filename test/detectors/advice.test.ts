import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Finding, Step } from '../../src/analysis/report.ts';
import { analyzeFiles } from '../../src/index.ts';
import { analyzed, only } from '../support/analyzed.ts';
import { arrivals } from '../support/arrivals.ts';
import { attached, prefork } from '../support/server-lines.ts';
import { LISTENER, type ThreadLines } from '../support/thread-lines.ts';
import { sample } from '../support/truth.ts';
import { oneTurn, turn } from '../support/turns.ts';

/** What a finding tells to do, in one text. */
function advice({ next }: Finding): string {
  return next
    .map(({ text, command = '', needs = '', caveat = '' }) => `${text} ${command} ${needs} ${caveat}`)
    .join('\n');
}

async function herd(argv: readonly string[], every = 10): Promise<Finding> {
  const { trace, workers } = prefork([101, 102, 103], { argv });
  arrivals(workers, { connections: 23, wasted: 37, every });
  return only(await analyzed(trace), 'thundering-herd');
}

describe('what to do about a stall of redis', () => {
  const served = async (first: string, second: string): Promise<string> => {
    const words = `*2\\r\\n$${first.length}\\r\\n${first}\\r\\n$${second.length}\\r\\n${second}\\r\\n`;
    const { trace, workers } = prefork([101], { argv: ['redis-server'] });
    const worker = workers[0] as ThreadLines;
    worker.waitUntil(50, LISTENER).accept(11).waitUntil(60, 11).read(11, words).gap(1_300).send(11, '+OK\\r\\n');
    worker.waitUntil(2_000);
    return advice(only(await analyzed(trace), 'loop-stall'));
  };

  it('names what to use in place of the command that holds its one thread', async () => {
    assert.match(await served('KEYS', '*'), /^Use SCAN: .*SLOWLOG GET 10/s);
    assert.match(await served('DEL', 'a'), /^Use UNLINK/);
    assert.match(await served('EVAL', 'return 1'), /^Make the script shorter/);
  });

  it('asks redis where the command is a small one, and speaks of no other server', async () => {
    const text = await served('GET', 'a');
    assert.match(text, /LATENCY DOCTOR/);
    assert.doesNotMatch(text, /nginx|gevent|py-spy/);
  });
});

describe('what to do about a herd', () => {
  const servers: readonly (readonly [argv: readonly string[], advice: RegExp])[] = [
    [
      ['gunicorn', '-k', 'gevent', 'app:app'],
      /--reuse-port .*gunicorn 24\.0\.0 or later; up to 23\.0\.0 the flag .* without effect/,
    ],
    [['uwsgi', '--http', ':80'], /--thunder-lock .*no effect with the gevent or asyncio loop plugins/],
    [['nginx', '-g', 'daemon off;'], /EPOLLEXCLUSIVE .*Do not switch accept_mutex on/],
    [['unicorn', 'config.ru'], /unicorn later than 6\.0/],
    [['puma', '-C', 'puma.rb'], /ReusePort=true/],
    [['haproxy', '-f', 'a.cfg'], /shards by-thread/],
    [['uvicorn', 'app:app'], /gunicorn's own asgi worker/],
    [['my-server'], /EPOLLEXCLUSIVE if the server is your own code/],
  ];
  for (const [argv, expected] of servers)
    it(`depends on the server: ${argv[0]}`, async () => assert.match(advice(await herd(argv)), expected));

  it('is to leave it while it costs little, and else to act', async () => {
    assert.match(
      (await herd(['gunicorn'])).next[0]?.text ?? '',
      /^Change nothing yet: at this rate the herd costs 0\.\d+ % of one core\.$/,
    );
    const costly = await herd(['gunicorn'], 0.6);
    assert.match(costly.next[0]?.text ?? '', /^Try --reuse-port/);
  });

  it('names gunicorn by its heartbeat file when its start was not traced', async () => {
    const { trace, workers } = attached([101, 102, 103]);
    for (const worker of workers) worker.call('fchmod(9</tmp/wgunicorn-ex1fnux9>(deleted), 001', ')', 0);
    arrivals(workers, { connections: 23, wasted: 37, from: 100 });
    assert.match(advice(only(await analyzed(trace), 'thundering-herd')), /gunicorn 24\.0\.0/);
  });

  it('is to fix the stalls first, and no queue for each worker, while loops stall', async () => {
    const { trace, workers } = prefork([101, 102, 103], { argv: ['gunicorn'] });
    arrivals(workers, { connections: 23, wasted: 37 });
    for (const worker of workers) {
      turn(worker, 1000, 150);
      worker.waitUntil(2000);
    }
    const { next } = only(await analyzed(trace), 'thundering-herd');
    assert.match(next[0]?.text ?? '', /^First mend this: /);
    assert.ok(next.every(({ command = '' }) => !command.includes('reuse-port')));
  });
});

describe('what to do about a stall', () => {
  const calls: readonly (readonly [entered: string, left: string, advice: RegExp])[] = [
    ['fchmod(9</tmp/wgunicorn-ex1fnux9>(deleted), 001', ')', /--worker-tmp-dir \/dev\/shm/],
    ['read(21</srv/data.json>, ', '"{", 65536)', /Move the work on \/srv\/data\.json off the loop/],
    ['recvfrom(12<socket:[9]>, ', '"x", 1, 0, NULL, NULL)', /Let the loop's own library make this call/],
    ['fsync(21</a.db>', ')', /iostat/],
    ['flock(21</a.lock>, LOCK_EX', ')', /lslocks/],
    ['clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=0}', ', NULL)', /loop's own sleep/],
    ['futex(0x5600, FUTEX_WAIT_PRIVATE, 0, NULL', ')', /holds the lock/],
  ];
  for (const [entered, left, expected] of calls) {
    it(`depends on the call: ${entered.slice(0, entered.indexOf('('))}`, async () => {
      const finding = only(await analyzed(oneTurn(200, (worker) => worker.call(entered, left, 0, 170))), 'loop-stall');
      assert.match(advice(finding), expected);
      assert.match(advice(finding), /py-spy dump --pid 101/);
    });
  }

  it('speaks of PyMySQL only where MySQL is asked', async () => {
    const poll = (port: number) =>
      oneTurn(200, (worker) => {
        worker.call('socket(AF_INET, SOCK_STREAM, IPPROTO_TCP', ')', '12<socket:[70]>');
        worker.call(
          `connect(12<socket:[70]>, {sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("10.0.0.7")}, 16`,
          ')',
          0,
        );
        worker.call('poll([{fd=12<socket:[70]>, events=POLLIN}], 1, -1', ')', '1 ([{fd=12, revents=POLLIN}])', 170);
      });
    assert.match(advice(only(await analyzed(poll(3306)), 'loop-stall')), /PyMySQL/);
    assert.doesNotMatch(advice(only(await analyzed(poll(11211)), 'loop-stall')), /MySQL/);
  });
});

it('no advice names the root cause, health or certainty', async () => {
  const texts = [
    await herd(['gunicorn']),
    await herd(['my-server']),
    only(await analyzed(oneTurn(2000)), 'loop-stall'),
  ];
  for (const finding of texts) {
    assert.doesNotMatch(
      [finding.title, finding.summary, finding.why, advice(finding)].join(' '),
      /root cause|healthy|100 %|CPU-bound|deadlock/i,
    );
  }
});

describe('what to do about a stall without a call', () => {
  const firstStep = async (name: string): Promise<Step | undefined> => {
    const report = await analyzeFiles([sample(name).trace]);
    return report.findings.find(({ kind }) => kind === 'loop-stall')?.next[0];
  };

  it('is to ask whether that worker computes while it happens, where only strace was there', async () => {
    const { text, command } = (await firstStep('distracted-worker')) ?? {};
    assert.match(text ?? '', /^Does the worker compute, or wait for a CPU\?/);
    assert.equal(command, 'pidstat -u -w -p 4870 1 5');
  });

  it('is not to ask that where the capture shows the scheduler', async () =>
    assert.match((await firstStep('distracted-worker/bpftrace'))?.text ?? '', /^Move the computation/));
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Report } from '../../src/analysis/report.ts';
import { analyzed, none, only } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { failed, LISTENER, type ThreadLines } from '../support/thread-lines.ts';

const KIND = 'clients-refused';
const COUNT = 37;
const OK = 'HTTP/1.1 200 OK\\r\\n\\r\\n';
const ERROR = 'HTTP/1.1 500 Internal Server Error\\r\\n\\r\\n';

type Before = (worker: ThreadLines) => void;

const nothing: Before = () => {};
const misses = (path: string): Before => {
  return (worker) => worker.call(`openat(AT_FDCWD, "${path}", O_RDONLY`, ')', failed('ENOENT'));
};
const refused = (worker: ThreadLines): void => {
  worker.labels.set(21, `socket:[${70_000 + Math.round(worker.now)}]`);
  worker
    .call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP', ')', worker.fd(21))
    .call(
      `connect(${worker.fd(21)}, {sa_family=AF_INET, sin_port=htons(5432), sin_addr=inet_addr("10.0.0.7")}, 16`,
      ')',
      failed('ECONNREFUSED'),
    )
    .close(21);
};
const endsLater =
  (how: string) =>
  (worker: ThreadLines): void => {
    worker.labels.set(21, `socket:[${70_000 + Math.round(worker.now)}]`);
    worker
      .call('socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_TCP', ')', worker.fd(21))
      .call(
        `connect(${worker.fd(21)}, {sa_family=AF_INET, sin_port=htons(5432), sin_addr=inet_addr("10.0.0.7")}, 16`,
        ')',
        failed('EINPROGRESS'),
      )
      .call(`getsockopt(${worker.fd(21)}, SOL_SOCKET, SO_ERROR, `, `[${how}], [4])`, 0)
      .close(21);
  };

const refusedLater = endsLater('ECONNREFUSED');

/** A worker answers every third of 37 requests, or `every` one, with the error, up to so many of them. */
async function asked(
  errors: number,
  { before = nothing, always = nothing, reply = ERROR, count = COUNT, every = 3 }: Partial<Options> = {},
): Promise<Report> {
  const { trace, worker } = oneWorker();
  let left = errors;
  for (let index = 0; index < count; index++) {
    const fails = index % every === every >> 1 && left > 0;
    worker
      .waitUntil(index * 50 + 40, LISTENER)
      .accept(11)
      .read(11, `GET /${fails ? 'item' : 'page'}/${100 + index}`);
    always(worker);
    if (fails) before(worker);
    worker.send(11, fails ? reply : OK).close(11);
    if (fails) left--;
  }
  return analyzed(trace);
}

interface Options {
  readonly before: Before;
  readonly always: Before;
  readonly reply: string;
  readonly count: number;
  readonly every: number;
}

/** As of gunicorn that was recorded with 49 of 161 answers that were 500, after a file was not there. */
describe('requests that an application answers with 500', () => {
  it('are a warning from five of them on', async () => {
    assert.equal(only(await asked(4), KIND).severity, 'info');
    assert.equal(only(await asked(5), KIND).severity, 'warning');
    const { severity, title } = only(await asked(11), KIND);
    assert.equal(severity, 'warning');
    assert.equal(title, '11 of 37 requests failed on 127.0.0.1:8000: answered 500');
  });

  it('are critical where the application serves nobody: 20 of them, and nine in ten replies', async () => {
    const severityOf = async (errors: number, count: number) =>
      only(await asked(errors, { count, every: 1 }), KIND).severity;
    assert.equal(await severityOf(20, 22), 'critical');
    assert.equal(await severityOf(20, 23), 'warning');
    assert.equal(await severityOf(19, 19), 'warning');
  });

  it('are information below a hundredth of the replies', async () => {
    assert.equal(only(await asked(5, { count: 500 }), KIND).severity, 'warning');
    assert.equal(only(await asked(5, { count: 501 }), KIND).severity, 'info');
  });

  it('are not those that were answered 404 or 200', async () => {
    for (const reply of ['HTTP/1.1 404 Not Found\\r\\n\\r\\n', OK]) none(await asked(11, { reply }), KIND);
  });

  it('are told by their kind, and by what had failed before them and not before others', async () => {
    const { summary, metrics } = only(
      await asked(11, { before: misses('/srv/prices.json'), always: misses('/etc/none.conf') }),
      KIND,
    );
    assert.match(summary, /They were GET \/item\/\* \(11\)\. Before 11 of them openat of \/srv\/prices\.json /);
    assert.match(summary, /had failed with ENOENT, and before none of the replies that were no such errors\./);
    assert.deepEqual(metrics.before, [{ call: 'openat', errno: 'ENOENT', target: '/srv/prices.json', count: 11 }]);
    assert.deepEqual(metrics.requests, [{ request: 'GET /item/*', count: 11, others: 0 }]);
  });

  it('have nothing in common where the same call fails before all', async () => {
    const { summary, metrics } = only(await asked(11, { always: misses('/etc/none.conf') }), KIND);
    assert.doesNotMatch(summary, /Before/);
    assert.deepEqual(metrics.before, []);
  });

  it('are an effect of a disk without room, whose files have a number each', async () => {
    let number = 0;
    const report = await asked(11, {
      before: (worker) => {
        worker.labels.set(21, `/srv/bodies/${++number}`);
        worker.call(`pwrite64(${worker.fd(21)}, "abc", 3, 0`, ')', failed('ENOSPC'));
        worker.close(21);
      },
    });
    const { effectOf, metrics } = only(report, KIND);
    assert.equal(effectOf, only(report, 'error-storm').id);
    assert.deepEqual(metrics.before, [{ call: 'pwrite64', errno: 'ENOSPC', target: '/srv/bodies/*', count: 11 }]);
  });

  for (const [how, before] of [
    ['waits', refused],
    ['does not wait', refusedLater],
  ] as const)
    it(`are an effect of a connect that ${how} and is refused each time`, async () => {
      const report = await asked(11, { before });
      const { effectOf, effect } = only(report, KIND);
      assert.equal(effectOf, only(report, 'error-storm').id);
      assert.equal(effect, '11 requests answered 500');
    });

  it('and of none that ended well', async () => {
    const { effectOf, summary } = only(await asked(11, { before: endsLater('0') }), KIND);
    assert.equal(effectOf, null);
    assert.doesNotMatch(summary, /connect/);
  });

  it('are read from a reply whose words are written from a buffer each, as by varnish', async () => {
    const { trace, worker } = oneWorker();
    for (let index = 0; index < 7; index++) {
      worker
        .waitUntil(index * 50 + 40, LISTENER)
        .accept(11)
        .read(11, 'GET /a');
      const words = ['HTTP/1.1', ' ', '503', ' ', 'Backend fetch failed', '\\r\\n'];
      const vector = words
        .map((word) => `{iov_base="${word}", iov_len=${word.replace(/\\./g, '_').length}}`)
        .join(', ');
      worker.call(`writev(${worker.fd(11)}, [${vector}], ${words.length}`, ')', 36).close(11);
    }
    assert.equal(only(await analyzed(trace), KIND).title, '7 of 7 requests refused on 127.0.0.1:8000: answered 503');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { applicationFrame, type CodeFrame, codeFrame, codePlace } from '../../src/trace/code-frame.ts';

/** `application /srv/app.py:12`, a frame a line, innermost first. */
function stack(text: string): CodeFrame[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [, name = '', file = '', number = '0'] = /^\s*(\S+) (.+?)(?::(\d+))?$/.exec(line) ?? [];
      return codeFrame(name, file, Number(number));
    });
}

function placeIn(text: string): string {
  const frame = applicationFrame(stack(text));
  return frame === null ? '' : codePlace(frame);
}

const GEVENT = `
  handle_request /usr/lib/python3/dist-packages/gunicorn/workers/base_async.py:108
  handle_request /usr/lib/python3/dist-packages/gunicorn/workers/ggevent.py:127
  handle /usr/lib/python3/dist-packages/gunicorn/workers/ggevent.py:123
  _handle_and_close_when_done /usr/lib/python3/dist-packages/gevent/baseserver.py:34`;
const FLASK = `
  dispatch_request /srv/shop/.venv/lib/python3.12/site-packages/flask/app.py:880
  wsgi_app /srv/shop/.venv/lib/python3.12/site-packages/flask/app.py:1478
  __call__ /srv/shop/.venv/lib/python3.12/site-packages/flask/app.py:1498`;
const DJANGO = `
  _get_response /usr/local/lib/python3.13/site-packages/django/core/handlers/base.py:197
  inner /usr/local/lib/python3.13/site-packages/django/core/handlers/exception.py:55
  __call__ /usr/local/lib/python3.13/site-packages/django/core/handlers/wsgi.py:124
  handle /usr/local/lib/python3.13/site-packages/gunicorn/workers/sync.py:142
  run /usr/local/lib/python3.13/site-packages/gunicorn/app/base.py:71
  <module> /usr/local/bin/gunicorn:8`;

describe('the innermost frame of the application', () => {
  for (const [who, wanted, text] of [
    ['a bare WSGI function under gevent', 'app.py:12 application()', `application /srv/app.py:12${GEVENT}`],
    [
      'a view of flask that waits in a driver',
      'orders.py:41 publish()',
      `flush /srv/shop/.venv/lib/python3.12/site-packages/confluent_kafka/__init__.py:77
       publish /srv/shop/shop/orders.py:41${FLASK}`,
    ],
    [
      'a view of Django that waits for its database',
      'views.py:207 basket()',
      `wait /usr/local/lib/python3.13/site-packages/psycopg/waiting.py:228
       execute /usr/local/lib/python3.13/site-packages/psycopg/cursor.py:97
       _execute /usr/local/lib/python3.13/site-packages/django/db/backends/utils.py:105
       execute_sql /usr/local/lib/python3.13/site-packages/django/db/models/sql/compiler.py:1574
       __iter__ /usr/local/lib/python3.13/site-packages/django/db/models/query.py:384
       basket /code/shop/views.py:207${DJANGO}`,
    ],
    [
      'a coroutine of asyncio that computes',
      'main.py:19 report()',
      `_encode /usr/lib/python3.11/json/encoder.py:258
       report /app/main.py:19
       _run /usr/lib/python3.11/asyncio/events.py:80
       run_forever /usr/lib/python3.11/asyncio/base_events.py:607
       run /usr/lib/python3.11/asyncio/runners.py:190
       <module> <frozen runpy>:88`,
    ],
    [
      'an endpoint of FastAPI under uvloop',
      'api.py:7 slow()',
      `slow ./api.py:7
       run_endpoint_function /opt/venv/lib64/python3.12/site-packages/fastapi/routing.py:212
       run /opt/venv/lib64/python3.12/site-packages/uvicorn/server.py:65
       <module> /opt/venv/bin/uvicorn:8`,
    ],
    [
      'a C extension at the bottom',
      'resize.py:30 thumbnail()',
      `ImagingResample /srv/lib/python3.11/site-packages/PIL/_imaging.cpython-311-x86_64-linux-gnu.so
       resize /srv/lib/python3.11/site-packages/PIL/Image.py:2185
       thumbnail /srv/shop/resize.py:30`,
    ],
    [
      'a thread of a pool',
      'jobs.py:5 work()',
      `work /srv/jobs.py:5
       run /usr/lib/python3.11/concurrent/futures/thread.py:58
       _bootstrap /usr/lib/python3.11/threading.py:995`,
    ],
    [
      'code of pyenv, conda and PyPy',
      'a.py:1 f()',
      `g /opt/pyenv/versions/3.11.7/lib/python3.11/socket.py:706
       h /opt/conda/lib/python3.10/ssl.py:1130
       i /usr/lib/pypy3.9/lib-python/3/socket.py:1
       j /usr/lib/python312.zip/x.py:2
       f /a.py:1`,
    ],
    [
      'a handler of node',
      'server.js:88 render()',
      `writeSync node:fs:927
       format /srv/web/node_modules/winston/lib/logger.js:5
       render /srv/web/src/server.js:88
       emit node:events:519`,
    ],
    [
      'a controller of rails',
      'orders_controller.rb:11 index()',
      `exec_params /usr/local/bundle/gems/pg-1.5.4/lib/pg/connection.rb:3
       synchronize /usr/lib/ruby/3.1.0/monitor.rb:202
       index /rails/app/controllers/orders_controller.rb:11`,
    ],
    [
      'native frames without source',
      'librdkafka.so.1 rd_kafka_flush()',
      `__futex_abstimed_wait_common /usr/lib/x86_64-linux-gnu/libc.so.6
       rd_kafka_flush /usr/lib/x86_64-linux-gnu/librdkafka.so.1
       _PyEval_EvalFrameDefault /usr/bin/python3.11`,
    ],
    ['a lambda and a module keep their place', 'a.py:3 <lambda>', '<lambda> /srv/a.py:3'],
    ['a script of its own in a folder of programs', 'migrate:9 main()', 'main /srv/bin/migrate:9'],
    ['code that was given as text', '<string>:1', '<module> <string>:1'],
  ] as const)
    it(`is that of ${who}`, () => {
      assert.equal(placeIn(text), wanted);
    });

  for (const [who, text] of [
    ['a hub of gevent that waits', 'run /usr/lib/python3/dist-packages/gevent/hub.py:647'],
    ['a hub that Cython wrote', '__gevent_switch src/gevent/_gevent_c_hub_local.pyx:12'],
    ['an idle sync worker', `wait /usr/lib/python3/dist-packages/gunicorn/workers/sync.py:34${DJANGO.slice(0, 0)}`],
    ['the script that starts a server', '<module> /usr/bin/gunicorn:33'],
    ['the interpreter alone', 'clock_nanosleep /lib/x86_64-linux-gnu/libc.so.6\n main /usr/bin/python3.11'],
    ['the import of what is frozen', '_load_unlocked <frozen importlib._bootstrap>:1147'],
    ['a frame without a file', 'f '],
    [
      'a worker that multiprocessing spawned, in its loop',
      `run_forever /usr/lib/python3.11/asyncio/base_events.py:607
       spawn_main /usr/lib/python3.11/multiprocessing/spawn.py:122
       <module> <string>:1`,
    ],
  ] as const)
    it(`is not told for ${who}`, () => {
      assert.equal(placeIn(text), '');
    });

  it('is bounded and holds no controls, whatever a program calls its code', () => {
    const { name, file, line } = codeFrame(`a\u001b[31m\n\u202e${'x'.repeat(500)}`, `/srv/\0${'y'.repeat(900)}.py`, -3);
    assert.equal(name.length, 80);
    assert.equal(file.length, 200);
    assert.match(file, /^\.\.\.y+\.py$/);
    assert.doesNotMatch(name + file, /[\u0000-\u001f\u202e]/);
    assert.equal(line, 0);
  });

  it('is named by its function without the class in front of it', () => {
    assert.equal(codePlace(codeFrame('View.get', '/srv/views.py', 3)), 'views.py:3 get()');
    assert.equal(codePlace(codeFrame('', '/srv/lib.so', 0)), 'lib.so');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runtimeOf } from '../../src/model/machine/runtime.ts';
import { serverOf, serverOfComm } from '../../src/trace/server-names.ts';
import { analyzed } from '../support/analyzed.ts';
import { oneWorker } from '../support/server-lines.ts';
import { LISTENER } from '../support/thread-lines.ts';

const NAMES: readonly (readonly [command: string, server: string])[] = [
  ['/usr/bin/gunicorn -k gevent app:app', 'gunicorn gevent'],
  ['/usr/bin/python3.11 -m gunicorn --worker-class=gthread app:app', 'gunicorn gthread'],
  ['/usr/bin/python3 -X dev -W ignore /usr/local/bin/uvicorn app:app', 'uvicorn'],
  ['python3 -m hypercorn -w 2 app:app', 'hypercorn'],
  ['/opt/venv/bin/daphne -p 8000 app:app', 'daphne'],
  ['/usr/bin/python3 -m celery -A tasks worker', 'celery'],
  ['/usr/bin/perl /usr/bin/starman --workers 2 app.psgi', 'starman'],
  ['/usr/bin/ruby -W0 /usr/local/bin/puma -t 4:4', 'puma'],
  ['unicorn -l 127.0.0.1:80 config.ru', 'unicorn'],
  ['/usr/bin/python3 /opt/venv/bin/granian --interface asgi app:app', 'granian'],
  ['thin -p 3000 start', 'thin'],
  ['nginx: worker process', 'nginx'],
  ['php-fpm8.2: pool www', 'php-fpm'],
  ['/usr/sbin/apache2 -DFOREGROUND', 'Apache'],
  ['/usr/local/apache2/bin/httpd -DFOREGROUND', 'Apache'],
  ['haproxy -W -f haproxy.cfg', 'HAProxy'],
  ['/usr/lib/postgresql/15/bin/postgres -D /data', 'PostgreSQL'],
  ['postgres: app shop 10.0.0.7(51234) idle', 'PostgreSQL'],
  ['/usr/bin/redis-server 127.0.0.1:6379', 'Redis'],
  ['/usr/bin/memcached -m 64', 'memcached'],
  ['lighttpd -D -f lighttpd.conf', 'lighttpd'],
  ['/usr/bin/node server.js', 'node'],
  ['bun run server.ts', 'bun'],
  ['deno run -A server.ts', 'deno'],
  ['java -cp /usr/share/java/jetty9-http.jar -Xmx1g org.eclipse.jetty.start.Main', 'Jetty'],
  ['java -cp /usr/share/java/jetty9-http.jar:/opt/lib shop.Main', 'Java'],
  ['java -Xmx1g -jar /opt/jetty/jetty-home.jar', 'Jetty'],
  ['java -Dcatalina.base=/var/lib/tomcat9 -cp a.jar org.apache.catalina.startup.Bootstrap start', 'Tomcat'],
  ['java --add-opens java.base/java.lang=ALL-UNNAMED -cp a.jar org.eclipse.jetty.start.Main', 'Jetty'],
  ['/usr/bin/java -Dapp=tomcat -jar /srv/shop.jar --server=jetty', 'Java'],
  ['ruby3.1 /usr/local/bin/bundle exec puma -C config/puma.rb', 'puma'],
  ['/usr/bin/env -S PYTHONPATH=/srv gunicorn app:app', 'gunicorn'],
  ['/usr/bin/python3 -u -m daphne -b 0.0.0.0 app:app', 'daphne'],
  ['/usr/bin/python3 -m tornado.autoreload app.py', 'tornado'],
  ['[celeryd: celery@host:ForkPoolWorker-1]', 'celery'],
  ['starman master -l 127.0.0.1:80', 'starman'],
  ['/usr/bin/perl -I lib /usr/bin/starman app.psgi', 'starman'],
  ['h2o -c /etc/h2o/h2o.conf', 'h2o'],
  ['/usr/sbin/varnishd -a :80 -b 127.0.0.1:8080', 'Varnish'],
  ['/usr/local/bin/caddy run --config /etc/caddy/Caddyfile', 'Caddy'],
  ['valkey-server *:6379', 'Valkey'],
  ['/opt/node-v20/bin/node --max-old-space-size=4096 /srv/redis-server.js', 'node'],
  ['sshd: root@pts/0', 'sshd'],
  ['/usr/lib/erlang/erts-13/bin/beam.smp -- -eval inets:start(httpd,[{port,80}]).', 'Erlang'],
];
const NOBODY = [
  'less /etc/haproxy/haproxy.cfg',
  '/srv/shop nginx',
  'ruby /usr/bin/bundle install puma',
  '/usr/bin/redis-cli -h redis-server',
  'memcachedump 127.0.0.1',
  'python3 /srv/my_gunicorn_monitor.py gunicorn',
  'grep -r varnishd /etc',
  'ssh root@host h2o',
  'thinclient -d',
  'postgres_exporter --web.listen-address=:9187',
  'celeryman',

  'vim /etc/nginx/nginx.conf',
  '/bin/sh -c gunicorn app:app',
  'python3 -c import gunicorn',
  '/usr/bin/python3 manage.py puma',
  'node-exporter --web.listen-address=:9100',
  '/usr/bin/tail -f /var/log/apache2/error.log',
  'httpdump -i eth0',
  'nginx-prometheus-exporter',
];

describe('the server that a command line starts', () => {
  for (const [command, server] of NAMES)
    it(`is ${server}: ${command}`, () => assert.equal(serverOf(command.split(' ')), server));

  for (const command of NOBODY) it(`is none: ${command}`, () => assert.equal(serverOf(command.split(' ')), ''));
});

describe('the runtime of a process', () => {
  const process = (parts: Partial<Parameters<typeof runtimeOf>[0]>) =>
    runtimeOf({
      server: '',
      argv: [],
      leader: { comm: '' },
      loaded: 'unknown',
      signature: '',
      takesTurns: false,
      ...parts,
    });

  it('is told by its program, its script, or its threads that take turns at one epoll set', () => {
    assert.equal(process({ argv: ['/usr/bin/python3', '-u', 'app.py'] }), 'python');
    assert.equal(process({ argv: ['/usr/bin/env', 'node', 'app.js'] }), 'node');
    assert.equal(process({ server: 'Go' }), 'native');
    assert.equal(process({ takesTurns: true }), 'native');
    assert.equal(process({ takesTurns: true, loaded: 'java' }), 'java');
  });

  it('is told by how it signs its replies, also where the capture holds 32 bytes of one', () => {
    for (const signature of ['Werkzeug/2.2.2 Python/3.11.2', 'Werkzeu', 'BaseHTT', 'TwistedWeb/22.4.0', 'Cheroot'])
      assert.equal(process({ signature }), 'python');
    for (const signature of ['Apache-Coyote/1.1', 'Apache Tomcat', 'Jetty'])
      assert.equal(process({ signature }), 'java');
    assert.equal(process({ signature: 'Apache/2.4.57 (Debian)' }), 'native');
    assert.equal(process({ signature: 'WEBrick/1.7.0' }), 'ruby');
  });

  it('is told by no word of its arguments', () => {
    assert.equal(process({ argv: ['/srv/shop', 'python', 'gunicorn'] }), 'unknown');
  });
});

describe('a name shows in the calls of a process', () => {
  it('where the scheduler of Go interrupts its threads', async () => {
    const named = async (info: string): Promise<string | undefined> => {
      const { trace, worker } = oneWorker();
      worker.waitUntil(50, LISTENER).serve(11, 'GET /a').line(`--- SIGURG {si_signo=SIGURG, ${info}} ---`);
      worker.waitUntil(900);
      return (await analyzed(trace)).workers.find(({ pid }) => pid === 101)?.server;
    };
    assert.equal(await named('si_code=SI_TKILL, si_pid=101, si_uid=0'), 'Go');
    assert.equal(await named('si_code=SI_USER, si_pid=7, si_uid=0'), '');
  });

  it('where a thread chooses one', async () => {
    const { trace, worker } = oneWorker();
    worker.call('prctl(PR_SET_NAME, "cache-main"', ')', 0).call('prctl(PR_GET_NAME, "nginx"', ')', 0);
    worker.waitUntil(50, LISTENER).serve(11, 'GET /a').waitUntil(900);
    const found = (await analyzed(trace)).workers.find(({ pid }) => pid === 101);
    assert.deepEqual([found?.comm, found?.server], ['', 'Varnish']);
  });
});

it('the name of a main thread tells the server, that of an interpreter does not', () => {
  assert.deepEqual(['nginx', 'redis-server', 'beam.smp', 'php-fpm8.2', 'java', 'python3', 'sh', ''].map(serverOfComm), [
    'nginx',
    'Redis',
    'Erlang',
    'php-fpm',
    'Java',
    '',
    '',
    '',
  ]);
});

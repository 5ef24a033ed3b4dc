import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serverOf, serverOfComm } from '../../src/model/machine/server-names.ts';

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
  ['/usr/lib/erlang/erts-13/bin/beam.smp -- -eval inets:start(httpd,[{port,80}]).', 'Erlang'],
];
const NOBODY = [
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

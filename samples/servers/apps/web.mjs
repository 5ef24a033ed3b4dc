// The same small application for node. usage: node web.mjs PORT single|cluster|tls
import cluster from 'node:cluster';
import { pbkdf2 } from 'node:crypto';
import dns from 'node:dns';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const [port, how] = process.argv.slice(2);
// A pool of two connections: further questions wait for one of them, without a system call.
const pool = new http.Agent({ keepAlive: true, maxSockets: 2 });

function answer(request, response) {
  const reply = (status = 200) => response.writeHead(status, { 'Content-Length': 6 }).end('hello\n');
  switch (request.url) {
    case '/up':
      http.get('http://127.0.0.1:18081/wait/1500', (upstream) => upstream.resume().on('end', () => reply()));
      break;
    case '/queued':
      http.get('http://127.0.0.1:18081/wait/400', { agent: pool }, (upstream) =>
        upstream.resume().on('end', () => reply()),
      );
      break;
    case '/name':
      // getaddrinfo on a thread of libuv's pool.
      dns.lookup(`host-${Date.now()}.sample.example`, (error) => reply(error === null ? 200 : 502));
      break;
    case '/pool':
      pbkdf2('secret', 'salt', 20000, 64, 'sha512', () => reply());
      break;
    case '/regex':
      /^(a+)+$/.test(`${'a'.repeat(27)}b`);
      reply();
      break;
    case '/upload':
      request.resume().on('end', () => reply());
      break;
    default:
      reply();
  }
}

if (how === 'cluster' && cluster.isPrimary) for (let count = 0; count < 2; count++) cluster.fork();
else if (how === 'tls') {
  const pair = { key: readFileSync('key.pem'), cert: readFileSync('cert.pem') };
  https.createServer(pair, answer).listen(port, '127.0.0.1');
} else http.createServer(answer).listen(port, '127.0.0.1');

// A node cluster with round-robin hand-over (the default): the primary accepts, four workers serve.
// usage: server.js PORT blocking|healthy
// What a worker measured travels to the driver in response headers, so that no system call is spent on it.
"use strict";
const cluster = require("node:cluster");
const http = require("node:http");
const { performance } = require("node:perf_hooks");

const WORKERS = 4;
const WORK_SECONDS = 0.4;
const [port, how] = process.argv.slice(2);

const epochSeconds = () => (performance.timeOrigin + performance.now()) / 1000;

function crunch() {
  const from = epochSeconds();
  let sum = 0;
  while (epochSeconds() < from + WORK_SECONDS) {
    for (let round = 0; round < 10_000; round++) sum = (sum * 31 + round) | 0;
  }
  return { "X-Blocked-From": from.toFixed(6), "X-Blocked-To": epochSeconds().toFixed(6), "X-Sum": String(sum) };
}

function answer(response, headers) {
  response.writeHead(200, { "X-Worker": String(process.pid), "Content-Length": "3", ...headers });
  response.end("ok\n");
}

function handle(request, response) {
  if (request.url !== "/work") answer(response, {});
  else if (how === "blocking") answer(response, crunch());
  else setTimeout(answer, WORK_SECONDS * 1000, response, {});
}

if (cluster.isPrimary) {
  for (let worker = 0; worker < WORKERS; worker++) cluster.fork();
  process.on("SIGTERM", () => {
    for (const worker of Object.values(cluster.workers)) worker.process.kill("SIGTERM");
    process.exit(0);
  });
} else {
  http.createServer(handle).listen(Number(port), "127.0.0.1");
}

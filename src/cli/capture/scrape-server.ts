import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import { errorCode, failureReason } from '../../files/failure-reason.ts';
import { isLoopback, type ListenAddress } from '../options/listen.ts';
import { UsageError } from '../options/usage-error.ts';

/** What a scraper sends is a few lines: whoever sends more is none. */
const MOST_HEADER_BYTES = 8_192;
const MOST_CONNECTIONS = 8;
/** Several Prometheus ask once in some seconds each. */
const MOST_A_SECOND = 10;
/** A connection is closed after so long, whatever it does. */
const CONNECTION_MS = 5_000;
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const NOT_FOUND = 'Not found\n';
const FAILED = 'These figures could not be made: an error in drover, which it prints when the capture ends.\n';

/** Gives the text of a scrape; null while there is none. Whoever asks is told that it failed when it throws. */
type Answer = () => Promise<string | null>;

/**
 * An HTTP server that answers `GET /metrics` and nothing else. It bounds what a scraper can take: bytes, connections,
 * connections a second, and time.
 */
export class ScrapeServer {
  readonly #server: Server;
  readonly #answer: Answer;
  readonly #isLocal: boolean;
  readonly #connectionMs: number;
  readonly #sockets = new Set<Socket>();
  #second = 0;
  #inSecond = 0;
  #fault: unknown = null;

  private constructor(isLocal: boolean, answer: Answer, connectionMs: number) {
    this.#isLocal = isLocal;
    this.#connectionMs = connectionMs;
    this.#answer = answer;
    this.#server = createServer(
      { maxHeaderSize: MOST_HEADER_BYTES, requireHostHeader: false },
      (request, response) => void this.#respond(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#server.on('connection', (socket: Socket) => this.#admit(socket));
    // What is no request gets no answer that would say who is here.
    this.#server.on('clientError', (_, socket) => socket.destroy());
    this.#server.on('connect', (_, socket: Socket) => socket.destroy());
    for (const event of ['checkContinue', 'checkExpectation'])
      this.#server.on(event, (_: IncomingMessage, response: ServerResponse) => send(response, 404, NOT_FOUND));
  }

  /** Throws `UsageError` where nobody can listen there. */
  static async start(
    { host, port }: ListenAddress,
    answer: Answer,
    connectionMs = CONNECTION_MS,
  ): Promise<ScrapeServer> {
    const started = new ScrapeServer(isLoopback(host), answer, connectionMs);
    const server = started.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => reject(cannotListen({ host, port }, error)));
      server.listen({ host, port, exclusive: true }, resolve);
    });
    server.removeAllListeners('error');
    // One connection that fails is no reason to end a capture.
    server.on('error', () => undefined);
    return started;
  }

  /** Where a scraper finds it. */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${inUrl(address)}:${port}/metrics`;
  }

  /** The first error of drover itself in an answer: the capture is worth more than its figures. Null without one. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Ends every connection; nobody listens afterwards. */
  async end(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #admit(socket: Socket): void {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    if (++this.#inSecond > MOST_A_SECOND) {
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const over = setTimeout(() => socket.destroy(), this.#connectionMs);
    socket.once('close', () => {
      clearTimeout(over);
      this.#sockets.delete(socket);
    });
  }

  async #respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url, headers } = request;
    const isAsked = method === 'GET' && url === '/metrics' && (!this.#isLocal || isLocalName(headers.host));
    try {
      const text = isAsked ? await this.#answer() : null;
      if (text === null) send(response, 404, NOT_FOUND);
      else send(response, 200, text);
    } catch (error) {
      this.#fault ??= error;
      send(response, 500, FAILED);
    }
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  response.sendDate = false;
  response
    .writeHead(status, {
      'content-type': status === 200 ? CONTENT_TYPE : 'text/plain',
      'content-length': Buffer.byteLength(text),
      'x-content-type-options': 'nosniff',
      connection: 'close',
    })
    .end(text);
}

/** A page of a stranger in a browser on this host can give its own name this address: such a name is not answered. */
function isLocalName(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === undefined || name === 'localhost' || isIP(name) !== 0;
}

function cannotListen({ host, port }: ListenAddress, error: Error): UsageError {
  const address = `${inUrl(host)}:${port}`;
  const code = errorCode(error);
  const reason =
    code === 'EADDRINUSE'
      ? 'another program listens there'
      : code === 'EADDRNOTAVAIL'
        ? 'this host has no such address'
        : failureReason(error);
  return new UsageError(`Cannot listen on ${address}: ${reason}.`, {
    hint:
      code === 'EADDRNOTAVAIL'
        ? 'Write an address of this host: --listen 127.0.0.1:9464'
        : `Choose another port: --listen ${inUrl(host)}:${port < 1_024 || port === 65_535 ? 9_464 : port + 1}`,
    cause: error,
  });
}

function inUrl(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

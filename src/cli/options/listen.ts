import { isIP } from 'node:net';
import { UsageError } from './usage-error.ts';

/** Where a scrape target listens. */
export interface ListenAddress {
  /** An IP address, without brackets. */
  readonly host: string;
  /** 0: the kernel chooses a free one. */
  readonly port: number;
}

const EXAMPLE = '--listen 127.0.0.1:9464';

/** `127.0.0.1:9464`, `[::1]:9464`, `localhost:9464`. Throws `UsageError`. */
export function parseListen(text: string): ListenAddress {
  const { inside, plain, digits } =
    /^(?:\[(?<inside>[^\]]*)\]|(?<plain>[^:[\]]*)):(?<digits>\d{1,5})$/.exec(text)?.groups ?? {};
  const port = Number(digits);
  // What a name stands for is decided elsewhere, and may change: the loopback address is the one name that is known.
  const host = inside ?? (plain === 'localhost' ? '127.0.0.1' : plain);
  if (host === undefined || isIP(host) !== (inside === undefined ? 4 : 6) || !(port <= 65_535))
    throw new UsageError(`--listen ${text} is no IP address with a port.`, { hint: `Write ${EXAMPLE}` });
  return { host, port };
}

/** What of the flags of `attach` is about a scrape target. */
interface ListenFlags {
  readonly listen?: ListenAddress;
  readonly listenRemote?: boolean;
  readonly engine: string;
}

/** Throws `UsageError` where a scrape target cannot be offered so. */
export function checkListen({ listen, listenRemote, engine }: ListenFlags): void {
  if (listen === undefined) {
    if (listenRemote === true)
      throw new UsageError('--listen-remote says nothing without --listen.', { hint: `Add ${EXAMPLE}` });
    return;
  }
  if (engine !== 'watch')
    throw new UsageError('--listen needs --engine watch: the other tracers cost the server too much for long.', {
      hint: 'Add --engine watch',
    });
  if (listenRemote !== true && !isLoopback(listen.host))
    throw new UsageError(
      `--listen ${listen.host} can be reached from other hosts, and drover asks nobody for a password.`,
      {
        hint: `Write ${EXAMPLE}, or add --listen-remote where a firewall is in front of it.`,
      },
    );
}

/** Whether only this host reaches the address. */
export function isLoopback(host: string): boolean {
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** What a made-up worker's trace should look like. */
export interface WorkerLines {
  /** Written before each line; none for the files of `strace -ff`. */
  readonly pid?: number;
  /** Epoch seconds of the first call. */
  readonly from?: number;
  /** Seconds from one call to the next. */
  readonly step?: number;
  readonly count?: number;
  readonly call?: string;
  /** Lines without times. */
  readonly untimed?: boolean;
}

export const EPOCH = 1_795_188_779;

/** Lines as strace writes them, each a call of 20 µs. */
export function workerLines({
  pid,
  from = EPOCH,
  step = 0.001,
  count = 23,
  call = 'read(7, "x", 1)',
  untimed = false,
}: WorkerLines = {}): string {
  let text = '';
  for (let index = 0; index < count; index++) {
    const stamp = untimed ? '' : `${(from + index * step).toFixed(6)} `;
    text += `${pid === undefined ? '' : `${pid} `}${stamp}${call} = 1${untimed ? '' : ' <0.000020>'}\n`;
  }
  return text;
}

/** Beyond these the oldest is forgotten: most signals are delivered at once. */
const MOST = 4_096;
/** What the kernel notes of a signal that a process sent, and of one that it sent itself. */
const CODES: ReadonlyMap<number, string> = new Map([
  [0, 'SI_USER'],
  [-1, 'SI_QUEUE'],
  [-6, 'SI_TKILL'],
  [128, 'SI_KERNEL'],
]);

/** Who sent a signal, until it is delivered: bpftrace tells of both apart. */
export class SentSignals {
  readonly #senders = new Map<string, number>();

  /** `to` is the thread or process that it was sent to. */
  sent(signal: string, to: number, sender: number): void {
    const key = `${signal} ${to}`;
    this.#senders.delete(key);
    this.#senders.set(key, sender);
    const [oldest] = this.#senders.keys();
    if (this.#senders.size > MOST && oldest !== undefined) this.#senders.delete(oldest);
  }

  /** What strace prints of a signal that is delivered: `si_signo=SIGKILL, si_code=SI_USER, si_pid=4711`. */
  info(signal: string, code: number, tid: number, pid: number): string {
    const sender = this.#take(signal, tid) ?? this.#take(signal, pid);
    const cause = CODES.get(code) ?? (code > 0 ? String(code) : '');
    const isOfProcess = code <= 0 && sender !== undefined && signal !== 'SIGCHLD';
    return (
      `si_signo=${signal}${cause === '' ? '' : `, si_code=${cause}`}` +
      (isOfProcess && cause !== '' ? `, si_pid=${sender}` : '')
    );
  }

  #take(signal: string, to: number): number | undefined {
    const key = `${signal} ${to}`;
    const sender = this.#senders.get(key);
    this.#senders.delete(key);
    return sender;
  }
}

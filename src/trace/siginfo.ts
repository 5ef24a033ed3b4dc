import { isPid } from './process-number.ts';

/** What the kernel says beside a signal, as far as the trace shows it. */
export interface SignalInfo {
  /** `SI_USER`, `CLD_EXITED`, `SEGV_MAPERR`; '' when not told. */
  readonly code: string;
  /** Who sent it, or of SIGCHLD the child; 0 when not told. */
  readonly pid: number;
  /** Of SIGCHLD: an exit status, or the name of a signal; '' when not told. */
  readonly status: string;
}

/** Reads `si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=4711, si_status=3`. */
export function signalInfo(info: string): SignalInfo {
  const pid = Number(/\bsi_pid=(\d{1,10})/.exec(info)?.[1] ?? 0);
  return {
    code: /\bsi_code=([A-Z_0-9]{1,40})/.exec(info)?.[1] ?? '',
    pid: isPid(pid) ? pid : 0,
    status: /\bsi_status=(\d{1,10}|SIG[A-Z0-9+-]{1,20})/.exec(info)?.[1] ?? '',
  };
}

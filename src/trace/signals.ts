/** Signals by number from 1 on, as x86-64, arm64 and riscv64 number them. */
const NAMES = (
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG ' +
  'XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'
).split(' ');

/** `SIGPIPE` for 13; `SIGRT_2` for the third real-time signal, `SIG4711` for numbers that are none. */
export function signalName(number: number): string {
  const name = NAMES[number - 1];
  if (name !== undefined) return `SIG${name}`;
  return number >= 32 && number <= 64 ? `SIGRT_${number - 32}` : `SIG${number}`;
}

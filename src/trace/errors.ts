/** Numbers and names that all machines with a generic ABI share (x86-64, arm64, riscv64). */
const ERRORS: readonly (readonly [first: number, names: string])[] = [
  [
    1,
    'EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT ENOTBLK EBUSY EEXIST ' +
      'EXDEV ENODEV ' +
      'ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS EMLINK EPIPE EDOM ERANGE ' +
      'EDEADLK ENAMETOOLONG ' +
      'ENOLCK ENOSYS ENOTEMPTY ELOOP',
  ],
  [
    42,
    'ENOMSG EIDRM ECHRNG EL2NSYNC EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT',
  ],
  [
    59,
    'EBFONT ENOSTR ENODATA ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT ' +
      'EBADMSG EOVERFLOW ' +
      'ENOTUNIQ EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK ' +
      'EDESTADDRREQ ' +
      'EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT ' +
      'EADDRINUSE EADDRNOTAVAIL ' +
      'ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN ETOOMANYREFS ' +
      'ETIMEDOUT ECONNREFUSED ' +
      'EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL EISNAM EREMOTEIO EDQUOT ENOMEDIUM ' +
      'EMEDIUMTYPE ' +
      'ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD ENOTRECOVERABLE ERFKILL',
  ],
  [512, 'ERESTARTSYS ERESTARTNOINTR ERESTARTNOHAND'],
  [516, 'ERESTART_RESTARTBLOCK'],
];

const names = new Map<number, string>();
for (const [first, list] of ERRORS) for (const [i, name] of list.split(' ').entries()) names.set(first + i, name);
const numbers = new Map([...names].map(([number, name]) => [name, number]));

/** `EAGAIN` for 11; `E4711` for numbers without a name. */
export function errorName(number: number): string {
  return names.get(number) ?? `E${number}`;
}

/** 11 for `EAGAIN`; 0 for unknown names. */
export function errorNumber(name: string): number {
  return numbers.get(name) ?? 0;
}

/** Whether names of errors begin so, and none is that long: `EINPR`. */
export function isErrorBegun(text: string): boolean {
  if (numbers.has(text)) return false;
  for (const name of numbers.keys()) if (name.startsWith(text)) return true;
  return false;
}

/** What an error is called when a trace had more different ones than any kernel. */
export const OTHER_ERROR = 'E?';

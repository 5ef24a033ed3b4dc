import { errorNumber } from '../../trace/errors.ts';
import { knownSyscall } from '../../trace/syscall-numbers.ts';
import { maskPath } from './mask-path.ts';
import { isCardNumber, isRandom } from './randomness.ts';
import { namesSecret, REMOVED } from './secret-words.ts';
import { maskSecrets } from './shapes.ts';
import { isHarmlessName } from './vocabulary.ts';

/** What a line is, as far as it decides which of its words are structure. */
export interface LineKind {
  /** A tracer wrote it: its words may be constants and names of fields. */
  readonly isTrace: boolean;
  /** `perf trace`: arguments are `name: value`. */
  readonly isPerf: boolean;
  /** The name of the argument that the word belongs to, of perf trace. */
  readonly argument: string;
}

const NUMBER =
  /^[-+~]?(?:0[xX][0-9a-fA-F]{1,16}|\d{1,20}(?:[.,:#_-]{1,2}\d{1,20}){0,8}(?:[eE][-+]?\d{1,3})?)(?:[a-zA-Z]{1,2}|%)?$/;
const DATE = /^\d{4}[-/]\d\d[-/]\d\d(?:[T-]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;
const ADDRESS = /^(?:::|[0-9a-f]{1,4}:)[0-9a-f:]{1,36}(?:\d{1,3}(?:\.\d{1,3}){3})?(?:%\w{1,8})?$/i;
const HEXADECIMAL_ADDRESS = /^[0-9a-f]{8,16}$/;
/** `O_RDONLY`, `FUTEX_WAIT_PRIVATE`, `st_mode`'s `S_IFREG`. */
const CONSTANT = /^_?[A-Z][A-Z0-9]{0,15}(?:_{1,2}[A-Z0-9]{1,16}){1,6}_?$|^[A-Z]{2,16}_$|^_IOC$/;
/** Constants without an underscore, by what they begin with. */
const SHORT_CONSTANT =
  /^(?:NULL|EPOLL[A-Z]{0,10}|POLL[A-Z]{2,8}|SIG[A-Z]{2,7}\d?|TC[A-Z]{3,8}\d?|TIO[A-Z]{3,14}|FIO[A-Z]{3,9}|SIO[A-Z]{4,14}|BLK[A-Z]{3,12}|KD[A-Z]{3,10}|VT_?[A-Z]{3,10}|W(?:NOHANG|UNTRACED|EXITED|STOPPED|CONTINUED|NOWAIT|IFEXITED|EXITSTATUS|IFSIGNALED|TERMSIG|IFSTOPPED|STOPSIG|COREDUMP)|RTMIN|(?:USR|GRP|PRJ)QUOTA|QCMD|BPF[A-Z_]{0,20}|UTC|GMT|CWD|INADDR_ANY|TERM|KILL|INT|HUP|QUIT|CHLD|USR[12]|PIPE|ALRM|SEGV|ABRT|BUS|FPE|ILL|TRAP|STOP|CONT|TSTP|TTIN|TTOU|URG|XCPU|XFSZ|VTALRM|PROF|WINCH|IO|PWR|SYS|STKFLT|RT_\d{1,2}|TCP|UDP|UNIX|NETLINK|RAW|ICMP|TCPv6|UDPv6|DCCP|SCTP|PACKET|INJECTED|SUCCESS|PID|SID|TID|COMM|MARK)$/;
/** Values of flags as perf prints them, without what the kernel puts in front. */
const PERF_FLAG = /^[A-Z][A-Z0-9]{1,11}(?:_[A-Z0-9]{1,12}){0,4}$/;
const FLAG_ARGUMENT =
  /(?:flags?|op|prot|mode|cmd|command|family|domain|type|protocol|level|optname|how|whence|sig|which|events?|resource|advice|behavior|option|code|request|who|act|dfd|clk|clockid|val3|uaddr2|policy|initval|acl|pkey)$/;
const ARGUMENT_NAME = /^[a-z_][a-z0-9_]{0,20}$/;
/** What strace and perf write in lower case between arguments. */
const TRACE_WORD =
  /^(?:makedev|htons|htonl|ntohs|ntohl|inet_addr|inet_pton|sin6_addr|if_nametoindex|anon_inode|anon_inode:[a-z_-]{1,24}|eventpoll|socket|pipe|memfd|char|block|vars|entries|or|resumed|unfinished|detached|deleted|core|dumped|continued|tv_n?sec|tv_usec|rt_\w{1,20}|s|ms|us|ns|msec|usec|pid|futex|inotify|mnt|net|uts|ipc|cgroup|signalfd|timerfd|eventfd|pidfd|io_uring|fanotify|userfaultfd|bpf-\w{1,12}|perf_event|\?{1,3})$/;
/** A constant among others: `ICANON|ECHO`. */
const ONE_OF_FLAGS = /^[A-Z]{1,10}\d{0,6}$/;
const PROBE =
  /^(?:tracepoint|kprobe|kretprobe|uprobe|uretprobe|usdt|raw_syscalls|syscalls|interval|profile|software|hardware):[\w:.*/-]{1,80}$/;
const LIBRARY = /^[A-Za-z_+-]{2,24}[\w.+-]{0,12}\.so(?:\.\d{1,4}){0,4}$/;
const CLASS_NAME =
  /^(?:[a-z_]{1,20}\.){0,4}(?:[A-Z][a-zA-Z]{1,15}){0,4}(?:Error|Exception|Warning|Timeout|Interrupt|Exit|Configured|NotFound|Exist)$/;
/** A function and a place in it, of a kernel or a library. */
const PLACE = /^_{0,3}[A-Za-z]\w{0,60}_\w{1,60}\+(?:0x)?[0-9a-f]{1,8}$/;
/** The name of a field or variable: one case. */
const FIELD = /^(?:[a-z_][a-z0-9_.-]{0,40}|[A-Z_][A-Z0-9_]{0,60})$/;
const FLAG = /^--?([A-Za-z][\w-]{0,30})$/;
const MAP = /^@\w{0,24}$/;
/** What may stand between a word like `password` and the password. */
const STATE =
  /^(?:is|was|are|were|has|have|been|be|for|from|of|to|in|on|by|the|a|an|this|your|not|no|and|or|with|expired|invalid|missing|required|found|rejected|refused|accepted|changed|wrong|incorrect|mismatch|failed|error|unknown|set|empty|authentication|file|user|value|header|id|type|begin|end|private|public|rsa|ec|openssh|key|keys)$/i;

/**
 * A word of a line, outside of quotes: as it is when it is structure or harmless, with a part removed when it is a path
 * or an address, or null when it may be data. `previous` and `next` are the characters around it.
 */
export function wordShown(word: string, previous: string, next: string, kind: LineKind): string | null {
  const [, lead = '', core = '', tail = ''] =
    /^([-@#$%~.+:\\]{0,8})([^]*?)([:.%#$~\\+-]{0,8})$/.exec(word.length > 4_096 ? '' : word) ?? [];
  if (core === '') return word.length > 16 ? null : word;
  if (isNumber(word, kind) || isNumber(core, kind)) return word;
  if (/^(?:\.{1,2}|~)?\/[^]*$/.test(word) || /^[a-z][a-z0-9+.-]{0,20}:\/\//i.test(word)) return pathShown(word);
  if (next === '=' && (FIELD.test(word) || isHarmlessName(word)) && !isRandom(word)) return word;
  if (CONSTANT.test(core) || SHORT_CONSTANT.test(core) || errorNumber(core) > 0) return isRandom(core) ? null : word;
  if (knownSyscall(core) !== '' && lead === '') return word;
  if (kind.isTrace && (TRACE_WORD.test(core) || ((previous === '|' || next === '|') && ONE_OF_FLAGS.test(word))))
    return word;
  if (PROBE.test(word) || (LIBRARY.test(core) && !isRandom(core))) return word;
  if (
    kind.isPerf &&
    ((FLAG_ARGUMENT.test(kind.argument) && PERF_FLAG.test(core)) || (tail === ':' && ARGUMENT_NAME.test(core)))
  )
    return word;
  if (!/[\p{L}\p{N}]/u.test(core)) return word;
  if (CLASS_NAME.test(core) || (previous === '' && MAP.test(word)) || PLACE.test(word))
    return isRandom(core) ? null : word;
  const flag = FLAG.exec(word);
  if (flag !== null)
    return /^([A-Za-z])\1{0,3}$/.test(flag[1] ?? '') || isHarmlessName(flag[1] ?? '') || namesSecret(flag[1] ?? '')
      ? word
      : null;
  if (
    isHarmlessName(core) ||
    (/^\w{1,24}(?:\/\w{1,24}){1,3}$/.test(core) && core.split('/').every((part) => isHarmlessName(part))) ||
    /^(?:password|passwd|token|secret|bearer|credentials?)$/i.test(core)
  )
    return word;
  return null;
}

/** Whether what follows a word of a sentence may be a secret: `password`, `SECRET_KEY`, `mysql -p`. */
export function announcesSecret(word: string): boolean {
  const name = word.replace(/[^A-Za-z_-]/g, '');
  return name !== '' && name.length < 60 && !/^keys?$/i.test(name) && namesSecret(name);
}

/** Whether a word behind such a word still says what is with the secret. */
export function isState(word: string): boolean {
  return STATE.test(word.replace(/[^A-Za-z]/g, ''));
}

function isNumber(word: string, { isTrace }: LineKind): boolean {
  if (DATE.test(word) || ADDRESS.test(word) || (HEXADECIMAL_ADDRESS.test(word) && (isTrace || /^\d{1,7}$/.test(word))))
    return true;
  return NUMBER.test(word) && (isTrace || !isCardNumber(word));
}

function pathShown(word: string): string {
  const shown = word.includes('://') ? maskSecrets(word) : maskPath(word);
  return shown.includes(REMOVED) && shown.length > 4_096 ? REMOVED : shown;
}

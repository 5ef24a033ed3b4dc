import { socketFlags } from '../arguments/kernel-words.ts';

/** Splits `fd: 3<socket:[1]>, op: WAKE|PRIVATE_FLAG` at the commas between arguments. */
const ARGUMENT = /([a-z_][a-z0-9_]*): ((?:<[^<>]*>|\{[^{}]*\}|"(?:[^"\\]|\\.)*"|[^,<{"]|[<{"])*)(?:, |$)/gs;

/** Arguments as `perf trace` prints them, in the order and the words of strace. What perf leaves out is zero. */
export function straceWords(call: string, printed: string): string {
  const named = new Map<string, string>();
  for (const [, name = '', value = ''] of printed.matchAll(ARGUMENT)) named.set(name, value.trim());
  const value = (name: string, otherwise = '0'): string => named.get(name) ?? otherwise;
  switch (call) {
    case 'accept':
    case 'accept4':
      return (
        `${value('fd')}, ${value('upeer_sockaddr', 'NULL')}, ` +
        `[16]${call === 'accept4' ? `, ${acceptFlags(value('flags'))}` : ''}`
      );
    case 'epoll_wait':
    case 'epoll_pwait':
    case 'epoll_pwait2':
      return `${value('epfd')}, ${value('events', '[]')}, ${value('maxevents')}, ${value('timeout')}`;
    case 'epoll_ctl':
      return `${value('epfd')}, EPOLL_CTL_${value('op', 'ADD')}, ${value('fd')}, ${value('event', 'NULL')}`;
    case 'futex':
      return `${value('uaddr')}, ${futexWords(value('op', 'WAIT'))}, ${value('val')}`;
    case 'socket':
      return `AF_${value('family', 'UNSPEC')}, ${socketWords(value('type', 'STREAM'))}, ${value('protocol')}`;
    case 'shutdown':
      return `${value('fd')}, SHUT_${value('how', 'RD')}`;
    case 'fcntl':
      return (
        `${value('fd')}, F_${value('cmd', 'DUPFD')}, ` +
        `${value('arg').replace(/\b(?=(?:RDONLY|WRONLY|RDWR|NONBLOCK|APPEND|LARGEFILE)\b)/g, 'O_')}`
      );
    case 'kill':
      return `${value('pid')}, ${value('sig').replace(/^(?=[A-Z])/, 'SIG')}`;
    case 'ioctl':
      return `${value('fd')}, ${value('cmd') === '0x5421' ? 'FIONBIO' : value('cmd')}, ${value('arg')}`;
    case 'clone':
      return `child_stack=${value('newsp')}, flags=${value('clone_flags').replace(/\b(?=[A-Z])/g, 'CLONE_')}`;
    case 'poll':
    case 'ppoll':
      return `${value('ufds')}, ${value('nfds')}, ${value('timeout_msecs')}`;
    default:
      return named.size === 0 ? printed : [...named.values()].join(', ');
  }
}

function acceptFlags(flags: string): string {
  return /^\d+$/.test(flags) ? socketFlags(Number(flags)) : flags.replace(/\b(?=[A-Z])/g, 'SOCK_');
}

function socketWords(type: string): string {
  return type.replace(/\b(?=[A-Z])/g, 'SOCK_');
}

/** `WAIT_BITSET|PRIVATE_FLAG|CLOCK_REALTIME` is strace's `FUTEX_WAIT_BITSET_PRIVATE|FUTEX_CLOCK_REALTIME`. */
function futexWords(operation: string): string {
  const [name = '', ...flags] = operation.split('|');
  const isPrivate = flags.some((flag) => flag === 'PRIVATE_FLAG' || flag === 'PRIV');
  const isRealtime = flags.some((flag) => flag === 'CLOCK_REALTIME' || flag === 'CLKRT');
  return `FUTEX_${name}${isPrivate ? '_PRIVATE' : ''}${isRealtime ? '|FUTEX_CLOCK_REALTIME' : ''}`;
}

import type { FactTexts } from '../../src/sources/trace-input.ts';
import { clockStep, hostileNumber } from './hostile-numbers.ts';
import type { Random } from './random.ts';

/**
 * What lines that nobody recorded are made of: a few processes, descriptors and calls, so that they have to do with
 * each other.
 */
interface Scene {
  readonly random: Random;
  readonly pids: readonly string[];
  /** One number in so many is not what it should be. */
  readonly odd: number;
  /** Seconds. */
  clock: number;
}

const CALLS: readonly ((scene: Scene) => string)[] = [
  ({ random }) =>
    `epoll_wait(4<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=${fd(random)}, u64=${fd(random)}}}], 64, -1) = 1`,
  () => 'epoll_wait(4, [], 64, 100) = 0',
  ({ random }) =>
    `epoll_ctl(4, EPOLL_CTL_ADD, ${fd(random)}, {events=EPOLLIN, data={u32=${fd(random)}, u64=${fd(random)}}}) = 0`,
  ({ random }) =>
    `poll([{fd=3, events=POLLIN}, {fd=${fd(random)}, events=POLLIN}], 2, 1000) = 1 ([{fd=3, revents=POLLIN}])`,
  ({ random }) =>
    `select(6, [3 ${fd(random)}], [], [], {tv_sec=1, tv_usec=0}) = 1 (in [3], left {tv_sec=0, tv_usec=9})`,
  (scene) =>
    `accept4(3, {sa_family=AF_INET, sin_port=htons(${number(scene, '40001')}), sin_addr=inet_addr("10.0.0.7")}, [16], SOCK_CLOEXEC) = ${number(scene, fd(scene.random))}`,
  () => 'accept4(3, 0x7ffe00000000, [16], SOCK_CLOEXEC) = -1 EAGAIN (Resource temporarily unavailable)',
  () => 'accept4(3, 0x7ffe00000000, [16], SOCK_CLOEXEC) = -1 EMFILE (Too many open files)',
  ({ random }) =>
    `recvfrom(${fd(random)}, "GET /${random.below(3)} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n", 8192, 0, NULL, NULL) = 41`,
  (scene) => `read(${fd(scene.random)}, "", 4096) = ${number(scene, '0')}`,
  ({ random }) => `read(${fd(random)}, 0x5581, 4096) = -1 ECONNRESET (Connection reset by peer)`,
  (scene) =>
    `sendto(${number(scene, fd(scene.random))}, "HTTP/1.1 200 OK\\r\\n\\r\\nok", 23, 0, NULL, 0) = ${number(scene, '23')}`,
  ({ random }) => `sendto(${fd(random)}, "HTTP/1.1 200 OK\\r\\n\\r\\nok", 23, 0, NULL, 0) = -1 EPIPE (Broken pipe)`,
  ({ random }) => `write(${fd(random)}, "x", 1) = -1 EPIPE (Broken pipe)`,
  (scene) => `close(${number(scene, fd(scene.random))}) = 0`,
  (scene) =>
    `futex(0x7f00, FUTEX_WAIT_PRIVATE, 0, {tv_sec=0, tv_nsec=${number(scene, '5000000')}}) = -1 ETIMEDOUT (Connection timed out)`,
  () => 'futex(0x7f00, FUTEX_WAKE_PRIVATE, 1) = 1',
  (scene) =>
    `clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x7f) = ${number(scene, scene.random.pick(scene.pids))}`,
  (scene) =>
    `clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = ${number(scene, scene.random.pick(scene.pids))}`,
  (scene) => `getpid() = ${number(scene, scene.random.pick(scene.pids))}`,
  (scene) => `getppid() = ${number(scene, scene.random.pick(scene.pids))}`,
  (scene) => `kill(${number(scene, scene.random.pick(scene.pids))}, SIGABRT) = 0`,
  (scene) => `fsync(${number(scene, '9')}) = 0`,
  () => 'flock(8</run/a.lock>, LOCK_EX) = 0',
  () => 'flock(8</run/a.lock>, LOCK_UN) = 0',
  (scene) => `openat(AT_FDCWD, "/srv/app/m${scene.random.below(9)}.py", O_RDONLY) = ${number(scene, '11')}`,
  (scene) => `dup2(${number(scene, fd(scene.random))}, ${number(scene, fd(scene.random))}) = ${fd(scene.random)}`,
  (scene) => `fcntl(${fd(scene.random)}, F_DUPFD_CLOEXEC, ${number(scene, '7')}) = ${number(scene, fd(scene.random))}`,
  (scene) => `socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = ${number(scene, fd(scene.random))}`,
  (scene) =>
    `connect(${fd(scene.random)}, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.2")}, 16) = 0`,
  (scene) => `listen(3<socket:[77]>, ${number(scene, '2048')}) = 0`,
  () => 'bind(3<socket:[77]>, {sa_family=AF_INET, sin_port=htons(8000), sin_addr=inet_addr("0.0.0.0")}, 16) = 0',
  (scene) => `fchmod(9</tmp/wgunicorn-x (deleted)>, ${number(scene, '001')}) = 0`,
  (scene) =>
    `mmap(NULL, ${number(scene, '1048576')}, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000`,
  (scene) => `brk(${number(scene, '0x5581')}) = 0x5581aa`,
  (scene) => `pipe2([${number(scene, '12')}, ${number(scene, '13')}], O_CLOEXEC) = 0`,
  (scene) => `wait4(${number(scene, '-1')}, NULL, 0, NULL) = ${number(scene, scene.random.pick(scene.pids))}`,
  () => 'nanosleep({tv_sec=1, tv_nsec=0}, NULL) = 0',
  () => 'sched_yield() = 0',
];

/** Lines of one format, from numbers that a tracer would print and from others. */
export function inventedLines(random: Random): string[] {
  const pids = Array.from({ length: 1 + random.below(4) }, (_, place) =>
    random.oneIn(8) ? hostileNumber(random) : String(101 + place),
  );
  const scene: Scene = {
    random,
    pids,
    odd: random.pick([4, 12, 40, 1_000_000]),
    clock: 1_795_189_522 + random.share(),
  };
  const make = random.pick([straceLines, straceLines, straceLines, bpftraceLines, watchLines, perfLines, tableLines]);
  return make(scene, 10 + random.below(160));
}

function straceLines(scene: Scene, count: number): string[] {
  const { random } = scene;
  const stamp = random.pick<(seconds: number) => string>([
    (seconds) => `${seconds.toFixed(6)} `,
    (seconds) => `${seconds.toFixed(6)} `,
    (seconds) => `${timeOfDay(seconds)}.${String(Math.floor((seconds % 1) * 1e6)).padStart(6, '0')} `,
    (seconds) => `${timeOfDay(seconds)} `,
    () => `     ${number(scene, (random.share() * 0.01).toFixed(6))} `,
    () => '',
  ]);
  const hasDurations = !random.oneIn(4);
  const before = random.oneIn(5) ? () => '' : (pid: string) => `${pid} `;
  return Array.from({ length: count }, () => {
    tick(scene);
    const start = `${before(random.pick(scene.pids))}${stamp(scene.clock)}`;
    const took = hasDurations
      ? ` <${number(scene, (random.share() * random.pick([0.0001, 0.01, 2])).toFixed(6))}>`
      : '';
    const [entered = '', left = ''] = random
      .pick(CALLS)(scene)
      .split(/(?=\) = )/);
    switch (random.below(14)) {
      case 0:
      case 1:
        return `${start}${entered} <unfinished ...>`;
      case 2:
      case 3:
        return `${start}<... ${/^\w+/.exec(entered)?.[0] ?? 'read'} resumed>${left}${took}`;
      case 4:
        return random.oneIn(6)
          ? `${start}+++ ${random.pick(['exited with 0', 'killed by SIGKILL', 'killed by SIGPIPE'])} +++`
          : `${start}${entered}${left}${took}`;
      case 5:
        return `${start}--- ${random.pick(['SIGPIPE', 'SIGCHLD', 'SIGABRT'])} {si_signo=SIGPIPE, si_code=SI_USER, si_pid=${number(scene, '7')}} ---`;
      case 6:
        return random.oneIn(4)
          ? `strace: drover: ${
              random.oneIn(2)
                ? codeLine(scene, scene.clock.toFixed(6), random.pick(scene.pids))
                : seenLine(scene, scene.clock.toFixed(6), number(scene, '7000000'), random.pick(scene.pids), 'futex')
            }`
          : `${start}${entered}${left}${took}`;
      default:
        return `${start}${entered}${left}${took}`;
    }
  });
}

/** What drover notes of a thread that it looked at. */
function seenLine(scene: Scene, ts: string, lasted: string, pid: string | number, call: string): string {
  const { random } = scene;
  return (
    `event=seen ts=${ts} for=${lasted} pid=${pid} tid=${random.pick(scene.pids)} parent=${random.pick(scene.pids)} ` +
    `call=${random.oneIn(3) ? '-' : call} ran=${number(scene, '0')} clients=${number(scene, '3')} ` +
    `${random.oneIn(2) ? 'of=client ' : ''}comm=gunicorn`
  );
}

/** What drover notes of the code that a thread was in. */
function codeLine(scene: Scene, ts: string, pid: string | number): string {
  const { random } = scene;
  const frames = random.oneIn(3) ? 'f@/srv/app.py:12' : `%2c%zz@/a%20b:${number(scene, '7')},g@:0`;
  return `event=code ts=${ts} took=${number(scene, '5000')} pid=${pid} tid=${random.pick(scene.pids)} by=py-spy frames=${frames}`;
}

/** Lines of drover's own programs and of others. */
function bpftraceLines(scene: Scene, count: number): string[] {
  const { random } = scene;
  const head = ['event=start program=calls version=1 machine=x86-64 ts=1404330235524 clock=1795568264.330464'];
  const calls: readonly [name: string, number: string][] = [
    ['accept4', '288'],
    ['epoll_wait', '232'],
    ['sendto', '44'],
    ['recvfrom', '45'],
    ['futex', '202'],
    ['close', '3'],
    ['fsync', '74'],
  ];
  const lines = Array.from({ length: count }, () => {
    tick(scene);
    const ts = number(scene, (1_404_330_235_524 + Math.round((scene.clock - 1_795_189_522) * 1e9)).toFixed(0));
    const pid = random.pick(scene.pids);
    const [name, nr] = random.pick(calls);
    const result = number(scene, random.pick(['0', '1', '-11', '-32', '9', '-110']));
    const took = number(scene, String(random.below(random.pick([10_000, 50_000_000, 2_000_000_000]))));
    const a = `${random.below(12).toString(16)},7ffe,${number(scene, '10')},0`;
    switch (random.below(12)) {
      case 0:
        return `ts=${ts} dur=${took} pid=${pid} tid=${pid} call=${name} fd=${number(scene, fd(random))} ret=${result}`;
      case 1:
        return random.oneIn(2)
          ? `event=fd pid=${pid} fd=${number(scene, fd(random))} is=socket:[${number(scene, '4711')}]`
          : `event=in ts=${ts} pid=${pid} tid=${pid} nr=${nr} a=${a},0,0 data=`;
      case 2:
        return `event=tcp ts=${ts} old=${number(scene, '3')} new=${number(scene, '1')} port=${number(scene, '8000')} peer=[::ffff:10.0.0.7]:${number(scene, '40001')}`;
      case 3:
        return `event=exit ts=${ts} pid=${pid} tid=${pid} nr=231 a=${number(scene, '0')}`;
      case 4:
        return `event=deliver ts=${ts} pid=${pid} tid=${pid} sig=${number(scene, '13')} code=0 handler=0`;
      case 5:
        return `@in[${pid}]: (${ts}, ${nr}, ${fd(random)}, ${number(scene, '681807472')}, 64, 1000)`;
      case 6:
        return `@[${name}]: ${number(scene, '23')}`;
      case 7:
        return random.oneIn(3)
          ? `Lost ${number(scene, '23')} events`
          : `@ret[gunicorn, ${name}, ${result}]: ${number(scene, '17')}`;
      case 8:
        return `ts=${ts} dur=${took} pid=${pid} tid=${pid} nr=${nr} ret=${result} a=${a} sched=${number(scene, '0')},${number(scene, '9')},${number(scene, '7')},${number(scene, '0')},${number(scene, '1')} data=`;
      case 9:
        return random.oneIn(2) ? codeLine(scene, ts, pid) : seenLine(scene, ts, took, pid, name);
      default:
        return `ts=${ts} dur=${took} pid=${pid} tid=${pid} nr=${nr} ret=${result} a=${a} data=GET /a HTTP/1.1`;
    }
  });
  const whole = random.oneIn(3) ? lines : [...head, ...lines];
  return random.oneIn(6) ? whole.map(asJson) : whole;
}

/** As `-f json` prints it. */
function asJson(line: string): string {
  const [, map, key, value] = /^(@\w*)\[([^\]]*)\]: (.*)$/.exec(line) ?? [];
  if (map === undefined || key === undefined) return JSON.stringify({ type: 'printf', data: `${line}\n` });
  return `{"type": "map", "data": {"${map}": {"${key}": ${value}}}}`;
}

/** What the program that only counts prints. */
function watchLines(scene: Scene, count: number): string[] {
  const { random } = scene;
  const lines = ['event=start program=watch version=1 machine=x86-64 ts=1404330235524 clock=1795568264.330464'];
  let ts = 1_404_330_235_524;
  while (lines.length < count) {
    ts += 1_000_000_000;
    for (const pid of scene.pids) {
      for (const map of ['accepts', 'eagain', 'waits', 'timeouts', 'wakes', 'epipe'])
        if (!random.oneIn(3)) lines.push(`@${map}[${pid}]: ${number(scene, String(random.below(40)))}`);
      lines.push(
        `event=turn ts=${number(scene, String(ts))} pid=${pid} tid=${pid} dur=${number(scene, String(random.below(2_000_000_000)))}`,
      );
      if (random.oneIn(4))
        lines.push(
          `event=fail ts=${number(scene, String(ts))} pid=${pid} tid=${pid} nr=44 fd=${number(scene, '9')} ret=${number(scene, '-32')}`,
        );
    }
    lines.push(`event=tick ts=${number(scene, String(ts))}`);
  }
  return lines;
}

function perfLines(scene: Scene, count: number): string[] {
  const { random } = scene;
  const calls: readonly string[] = [
    'epoll_wait(epfd: 4<anon_inode:[eventpoll]>, events: 0x7ffd, maxevents: 8, timeout: 1000)',
    'accept4(fd: 3<socket:[1511628]>, upeer_sockaddr: 0x7ffd, flags: 524288)',
    'write(fd: 5<socket:[1518491]>, buf: 0x5580, count: 1)',
    'read(fd: 5<socket:[1518491]>, buf: 0x5580, count: 1)',
    'futex(uaddr: 0x7f, op: WAIT|PRIVATE_FLAG, val: 2)',
    'close(fd: 5<socket:[1518491]>)',
  ];
  return Array.from({ length: count }, () => {
    tick(scene);
    const at = number(scene, ((scene.clock - 1_795_189_522) * 1000).toFixed(3));
    const took = number(scene, (random.share() * random.pick([0.1, 30, 2_000])).toFixed(3));
    const who = `herd/${random.pick(scene.pids)}`;
    const call = random.pick(calls);
    const name = /^\w+/.exec(call)?.[0] ?? '';
    const result = random.pick([
      '1',
      '0',
      '5',
      '-1 EAGAIN (Resource temporarily unavailable)',
      '-1 EPIPE (Broken pipe)',
      number(scene, '9'),
    ]);
    switch (random.below(9)) {
      case 0:
        return `${at.padStart(10)} (         ): ${who} ${call} ...`;
      case 1:
        return `${at.padStart(10)} (${took.padStart(6)} ms): ${who}  ... [continued]: ${name}())   = ${result}`;
      case 2:
        return random.oneIn(4)
          ? `LOST ${number(scene, '52')} events!`
          : `         ? (         ): ${who}  ... [continued]: ${name}())   = ${result}`;
      default:
        return `${at.padStart(10)} (${took.padStart(6)} ms): ${who} ${call} = ${result}`;
    }
  });
}

/** Tables of `strace -c` and of `perf trace -s`. */
function tableLines(scene: Scene, count: number): string[] {
  const { random } = scene;
  const names = random
    .shuffled(['epoll_wait', 'accept4', 'futex', 'mmap', 'read', 'clock_nanosleep', 'fsync'])
    .slice(0, 1 + random.below(7));
  if (random.oneIn(2)) {
    const rows = names.map(
      (name) =>
        ` ${number(scene, '34.45')}    ${number(scene, '1.095142')}      ${number(scene, '273785')}         ${number(scene, '4')}         ${number(scene, '1')} ${name}`,
    );
    const dashes = '------ ----------- ----------- --------- --------- ----------------';
    return [
      '% time     seconds  usecs/call     calls    errors syscall',
      dashes,
      ...rows,
      dashes,
      '100.00    3.178868       20776       153        24 total',
    ];
  }
  const rows = names.flatMap((name) => [
    `   ${name}   ${number(scene, '5')}   ${number(scene, '2')}  ${number(scene, '2002.756')}     ${number(scene, '0.000')}   ${number(scene, '400.551')}  ${number(scene, '1000.886')}     ${number(scene, '61.13')}%`,
    ...(random.oneIn(3) ? [`\t\t\t\tEAGAIN: ${number(scene, '2')}`] : []),
  ]);
  void count;
  return [
    ' Summary of events:',
    '',
    ' herd (4678), 38 events, 25.3%',
    '',
    '   syscall            calls  errors  total       min       avg       max       stddev',
    ...rows,
  ];
}

/** What stands beside a trace about its host. */
export function inventedFacts(random: Random): FactTexts {
  const one = (): string =>
    [
      '== threads',
      ...Array.from({ length: random.below(6) }, () => {
        const id = (): string => (random.oneIn(4) ? hostileNumber(random) : String(101 + random.below(5)));
        return `${id()} ${id()} ${id()} gunicorn`;
      }),
      '== command 101',
      'gunicorn',
      '== counters',
      `TcpExtListenOverflows  ${hostileNumber(random)}  0.0`,
      '== somaxconn',
      random.oneIn(2) ? '4096' : hostileNumber(random),
      '== processors',
      random.oneIn(2) ? '2' : hostileNumber(random),
    ].join('\n');
  return { before: one(), after: one(), paths: [] };
}

function tick(scene: Scene): void {
  const { random } = scene;
  scene.clock += random.share() * random.pick([0.0001, 0.001, 0.05, 1]);
  if (random.oneIn(scene.odd * 2)) scene.clock += clockStep(random);
}

/** What a tracer would print, or what nobody expects there. */
function number({ random, odd }: Scene, usual: string): string {
  return random.oneIn(odd) ? hostileNumber(random) : usual;
}

function fd(random: Random): string {
  return String(3 + random.below(9));
}

function timeOfDay(seconds: number): string {
  const two = (value: number): string => String(Math.floor(Math.abs(value)) % 100).padStart(2, '0');
  const day = ((seconds % 86_400) + 86_400) % 86_400;
  return `${two(day / 3_600)}:${two((day / 60) % 60)}:${two(day % 60)}`;
}

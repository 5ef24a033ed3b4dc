// What `ArgumentNotes` finds in the usual arguments of the usual calls. All others are left to it.
import { DATA, NOTE } from '../../../columns/layout';
import {
  HAS_INET,
  IS_HANG_UP,
  NOTED_ACCEPT,
  NOTED_IOCTL,
  NOTED_READ,
  NOTED_WAIT,
  NOTED_WRITE,
  PORT_SHIFT,
  SETS_NONBLOCKING,
} from '../layout';
import { isDigit, isUpper } from './bytes';
import { result } from './line-end';

// Texts, in words of eight bytes, and four where that is what is left.
/** `[{events=EPOLLIN, data={u32=` */
const INPUT_1: u64 = 0x73746e6576657b5b;
const INPUT_2: u64 = 0x4e494c4c4f50453d;
const INPUT_3: u64 = 0x7b3d61746164202c;
const INPUT_4: u32 = 0x3d323375;
const INPUT_BYTES: usize = 28;
/** The end of `events=0x`, as `-X raw` prints them. */
const NUMBER: u32 = 0x78303d73;
/** `FIONBIO, [1]` */
const NONBLOCKING_1: u64 = 0x2c4f49424e4f4946;
const NONBLOCKING_2: u32 = 0x5d315b20;
const NONBLOCKING_BYTES: usize = 12;
/** `, SOCK_CLOEXEC`: its first eight bytes, and its last. */
const CLOSE_ON_EXEC_1: u64 = 0x435f4b434f53202c;
const CLOSE_ON_EXEC_2: u64 = 0x434558454f4c435f;
const CLOSE_ON_EXEC_BYTES: usize = 14;
/** `{sa_family=AF_INET, sin_port=htons(`: the last eight bytes overlap. */
const PORT_1: u64 = 0x696d61665f61737b;
const PORT_2: u64 = 0x4e495f46413d796c;
const PORT_3: u64 = 0x5f6e6973202c5445;
const PORT_4: u64 = 0x6f74683d74726f70;
const PORT_5: u64 = 0x28736e6f74683d74;
const PORT_BYTES: usize = 35;
/** `), sin_addr=inet_addr("`: the last eight bytes overlap. */
const ADDRESS_1: u64 = 0x615f6e6973202c29;
const ADDRESS_2: u64 = 0x74656e693d726464;
const ADDRESS_3: u64 = 0x2228726464615f74;
const ADDRESS_BYTES: usize = 23;
/** `HTTP` */
const STATUS: u32 = 0x50545448;

const DATA_DIGITS: usize = 10;
const PORT_DIGITS: usize = 5;
const PART_DIGITS: usize = 3;

/**
 * Writes the notes of the call at `record` of one of the `NOTED_…` families, whose arguments, or the second half of
 * them, stand at `from..to`, and the first half at `entryFrom..entryTo`, or 0. False when only JavaScript can.
 */
export function writeNotes(record: usize, family: i32, from: usize, to: usize, entryFrom: usize, entryTo: usize): bool {
  if (family === NOTED_READ) return result > 0 && beginsWithCapital(from, to) ? false : write(record, 0, 0);
  if (family === NOTED_WRITE) {
    const isStatus = entryFrom === 0 ? beginsWithStatus(from, to) : beginsWithStatus(entryFrom, entryTo);
    return result > 0 && isStatus ? false : write(record, 0, 0);
  }
  if (family === NOTED_WAIT) return writeWait(record, from, to);
  if (family === NOTED_ACCEPT) return writeAccept(record, from, to);
  if (family !== NOTED_IOCTL) return false;
  const sets = entryFrom === 0 ? setsNonblocking(from, to) : setsNonblocking(entryFrom, entryTo);
  return sets && write(record, SETS_NONBLOCKING, 0);
}

function write(record: usize, bits: i32, data: i32): bool {
  store<i32>(record + 4 * NOTE, bits);
  store<i32>(record + 4 * DATA, data);
  return true;
}

/** The text of the buffer may be a request line. */
function beginsWithCapital(from: usize, to: usize): bool {
  const at = textOf(from, to);
  return at < to && isUpper(load<u8>(at));
}

/** The text of the buffer may be the status line of a reply. */
function beginsWithStatus(from: usize, to: usize): bool {
  const at = textOf(from, to);
  return at + 4 <= to && load<u32>(at) === STATUS;
}

/** Where the text of the buffer begins. */
function textOf(from: usize, to: usize): usize {
  let at = from;
  while (at < to && load<u8>(at) !== 0x22 /* " */) at++;
  return at + 1;
}

/** The data of the only event, or whether any of several, or of none, is a hang-up. */
function writeWait(record: usize, from: usize, to: usize): bool {
  if (result !== 1) return holdsNumber(from, to) ? false : write(record, holdsHangUp(from, to) ? IS_HANG_UP : 0, -1);
  if (from + INPUT_BYTES > to || load<u64>(from) !== INPUT_1 || load<u64>(from, 8) !== INPUT_2) return false;
  if (load<u64>(from, 16) !== INPUT_3 || load<u32>(from, 24) !== INPUT_4) return false;
  let at = from + INPUT_BYTES;
  let data: u64 = 0;
  for (; at < to && isDigit(load<u8>(at)); at++) data = data * 10 + u64(load<u8>(at) - 0x30);
  return at - from - INPUT_BYTES > DATA_DIGITS ? false : write(record, 0, i32(data));
}

function holdsNumber(from: usize, to: usize): bool {
  for (let at = from; at + 4 <= to; at++) if (load<u32>(at) === NUMBER) return true;
  return false;
}

function holdsHangUp(from: usize, to: usize): bool {
  for (let at = from; at + 3 <= to; at++)
    if (load<u8>(at) === 0x48 && load<u8>(at, 1) === 0x55 && load<u8>(at, 2) === 0x50) return true;
  return false;
}

function setsNonblocking(from: usize, to: usize): bool {
  const at = to - NONBLOCKING_BYTES;
  return at >= from && load<u64>(at) === NONBLOCKING_1 && load<u32>(at, 8) === NONBLOCKING_2;
}

/** The client of an `accept4` that makes no nonblocking socket. */
function writeAccept(record: usize, from: usize, to: usize): bool {
  const end = to - CLOSE_ON_EXEC_BYTES;
  if (end < from || load<u64>(end) !== CLOSE_ON_EXEC_1 || load<u64>(end, 6) !== CLOSE_ON_EXEC_2) return false;
  let at = from;
  while (at < to && load<u8>(at) !== 0x7b /* { */ && load<u8>(at) !== 0x22 /* " */) at++;
  if (at === to) return write(record, 0, 0);
  if (at + PORT_BYTES > to || load<u64>(at) !== PORT_1 || load<u64>(at, 8) !== PORT_2) return false;
  if (load<u64>(at, 16) !== PORT_3 || load<u64>(at, 24) !== PORT_4 || load<u64>(at, 27) !== PORT_5) return false;
  at += PORT_BYTES;
  const first = at;
  let port: u32 = 0;
  for (; at < to && isDigit(load<u8>(at)); at++) port = port * 10 + u32(load<u8>(at) - 0x30);
  if (at === first || at - first > PORT_DIGITS || port > 65_535) return false;
  if (at + ADDRESS_BYTES > to || load<u64>(at) !== ADDRESS_1 || load<u64>(at, 8) !== ADDRESS_2) return false;
  if (load<u64>(at, 15) !== ADDRESS_3) return false;
  at += ADDRESS_BYTES;
  let address: u32 = 0;
  for (let part = 0; part < 4; part++) {
    const begin = at;
    let value: u32 = 0;
    for (; at < to && isDigit(load<u8>(at)); at++) value = value * 10 + u32(load<u8>(at) - 0x30);
    const mark: u8 = part === 3 ? 0x22 /* " */ : 0x2e; /* . */
    if (at === begin || at - begin > PART_DIGITS || value > 255 || load<u8>(at) !== mark) return false;
    address = address * 256 + value;
    at++;
  }
  return write(record, HAS_INET | (i32(port) << PORT_SHIFT), i32(address));
}

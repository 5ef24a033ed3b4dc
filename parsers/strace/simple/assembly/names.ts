import { LONGEST_NAME, NAME_BYTES, NAME_LENGTH, NAME_NUMBER, NAME_SLOTS, NAME_TRAITS } from '../layout';
import { firstBytes } from './bytes';

/**
 * Names that JavaScript has taught, by open addressing; a slot whose length is 0 is free. The whole name is compared,
 * so that no other one is ever taken for it.
 */
function slotOf(table: usize, first: v128, second: v128, length: i32): usize {
  const words = v128.xor(first, second);
  const mixed =
    (u64(i64x2.extract_lane(words, 0)) * 0x9e3779b97f4a7c15) ^
    (u64(i64x2.extract_lane(words, 1)) * 0xc2b2ae3d27d4eb4f) ^
    (u64(length) * 0x165667b19e3779f9);
  let number = u32(mixed >> 50) & (NAME_SLOTS - 1);
  let slot = table + usize(number * NAME_BYTES);
  while (holdsAnother(slot, first, second, length)) {
    number = (number + 1) & (NAME_SLOTS - 1);
    slot = table + usize(number * NAME_BYTES);
  }
  return slot;
}

function holdsAnother(slot: usize, first: v128, second: v128, length: i32): bool {
  const known = load<i32>(slot + 4 * NAME_LENGTH);
  if (known === 0) return false;
  const differs = v128.or(v128.xor(v128.load(slot), first), v128.xor(v128.load(slot, 16), second));
  return known !== length || v128.any_true(differs);
}

/** The slot of the name of `length` bytes at `at`; 0 when it was not taught. */
export function findName(table: usize, at: usize, length: i32): usize {
  if (length <= 0 || length > LONGEST_NAME) return 0;
  const second = length > 16 ? firstBytes(at + 16, length - 16) : i64x2.splat(0);
  const slot = slotOf(table, firstBytes(at, length), second, length);
  return load<i32>(slot + 4 * NAME_LENGTH) === 0 ? 0 : slot;
}

/** Remembers the name of 1 to `LONGEST_NAME` bytes at `at`. JavaScript keeps the table half empty. */
export function teachName(table: usize, at: usize, length: i32, number: i32, traits: i32): void {
  const first = firstBytes(at, length);
  const second = firstBytes(at + 16, length - 16);
  const slot = slotOf(table, first, second, length);
  v128.store(slot, first);
  v128.store(slot, second, 16);
  store<i32>(slot + 4 * NAME_LENGTH, length);
  store<i32>(slot + 4 * NAME_NUMBER, number);
  store<i32>(slot + 4 * NAME_TRAITS, traits);
}

const BITS = 5;
const WIDTH = 1 << BITS;
const MASK = WIDTH - 1;
/** Larger numbers are not kept: the kernel gives none (`nr_open` is at most 2^30). */
const MOST = 2 ** 30;

/** Says who may write into a node in place. */
class Owner {}

/** Has children, or, at the bottom, values. */
class Node<T> {
  readonly owner: Owner | null;
  readonly children: (Node<T> | undefined)[];
  readonly values: (T | undefined)[];
  /** Children or values that are there. */
  used: number;

  constructor(owner: Owner | null, children: (Node<T> | undefined)[], values: (T | undefined)[], used: number) {
    this.owner = owner;
    this.children = children;
    this.values = values;
    this.used = used;
  }
}

const NO_CHILDREN: never[] = [];
const NO_VALUES: never[] = [];

/**
 * Values by number, as descriptors of a process are. A copy costs nothing: both sides share all that is there, and
 * whoever writes first copies the 32 numbers around the one it writes.
 */
export class SharedNumbers<T> {
  #root: Node<T> | null;
  /** Bits of a number that the levels above the lowest take, and the first number that has no place. */
  #shift: number;
  #limit: number;
  #owner: Owner | null = null;
  #size: number;

  constructor(copyOf?: SharedNumbers<T>) {
    this.#root = copyOf === undefined ? null : copyOf.#root;
    this.#shift = copyOf === undefined ? 0 : copyOf.#shift;
    this.#limit = copyOf === undefined ? 0 : copyOf.#limit;
    this.#size = copyOf === undefined ? 0 : copyOf.#size;
    // From now on neither may write into what both have.
    if (copyOf !== undefined) copyOf.#owner = null;
  }

  get size(): number {
    return this.#size;
  }

  get(number: number): T | undefined {
    if (!(number >= 0 && number < this.#limit)) return undefined;
    if (this.#root === null) return undefined;
    let node: Node<T> = this.#root;
    for (let shift = this.#shift; shift > 0; shift -= BITS) {
      const child: Node<T> | undefined = node.children[(number >>> shift) & MASK];
      if (child === undefined) return undefined;
      node = child;
    }
    return node.values[number & MASK];
  }

  /** True when nothing had this number before. Numbers that no descriptor can have are not kept. */
  set(number: number, value: T): boolean {
    if (!(number >= 0 && number < MOST)) return false;
    this.#owner ??= new Owner();
    while (number >= this.#limit) this.#grow();
    const leaf = this.#leafToWrite(number);
    const at = number & MASK;
    const isNew = leaf.values[at] === undefined;
    leaf.values[at] = value;
    if (isNew) {
      leaf.used++;
      this.#size++;
    }
    return isNew;
  }

  /** True when something had this number. */
  delete(number: number): boolean {
    if (this.#root === null || this.get(number) === undefined) return false;
    this.#owner ??= new Owner();
    this.#root = this.#without(this.#root, this.#shift, number);
    if (this.#root === null) this.#limit = this.#shift = 0;
    this.#size--;
    return true;
  }

  /** By growing number. */
  *entries(): IterableIterator<[number, T]> {
    if (this.#root === null) return;
    for (const { base, values } of leavesOf(this.#root, this.#shift, 0)) {
      for (let i = 0; i < WIDTH; i++) {
        const value = values[i];
        if (value !== undefined) yield [base + i, value];
      }
    }
  }

  #grow(): void {
    const shift = this.#limit === 0 ? 0 : this.#shift + BITS;
    if (this.#root !== null) {
      const above = this.#made(shift);
      above.children[0] = this.#root;
      above.used = 1;
      this.#root = above;
    }
    this.#shift = shift;
    this.#limit = 2 ** (shift + BITS);
  }

  #made(shift: number): Node<T> {
    return shift === 0
      ? new Node<T>(this.#owner, NO_CHILDREN, new Array<T | undefined>(WIDTH).fill(undefined), 0)
      : new Node<T>(this.#owner, new Array<Node<T> | undefined>(WIDTH).fill(undefined), NO_VALUES, 0);
  }

  #own(node: Node<T>): Node<T> {
    if (node.owner === this.#owner) return node;
    const { children, values, used } = node;
    return new Node<T>(
      this.#owner,
      children.length === 0 ? NO_CHILDREN : children.slice(),
      values.length === 0 ? NO_VALUES : values.slice(),
      used,
    );
  }

  /** The leaf of a number, with all nodes on the way to it made, or made one's own. */
  #leafToWrite(number: number): Node<T> {
    let node = this.#root === null ? this.#made(this.#shift) : this.#own(this.#root);
    this.#root = node;
    for (let shift = this.#shift; shift > 0; shift -= BITS) {
      const at = (number >>> shift) & MASK;
      const child = node.children[at];
      const owned: Node<T> = child === undefined ? this.#made(shift - BITS) : this.#own(child);
      if (child === undefined) node.used++;
      node.children[at] = owned;
      node = owned;
    }
    return node;
  }

  /** The node without that number; null when nothing is left of it. */
  #without(shared: Node<T>, shift: number, number: number): Node<T> | null {
    const node = this.#own(shared);
    const at = (number >>> shift) & MASK;
    if (shift === 0) {
      node.values[at] = undefined;
      node.used--;
    } else {
      const child = node.children[at];
      const left = child === undefined ? null : this.#without(child, shift - BITS, number);
      node.children[at] = left ?? undefined;
      if (left === null) node.used--;
    }
    return node.used === 0 ? null : node;
  }
}

interface Leaf<T> {
  readonly base: number;
  readonly values: readonly (T | undefined)[];
}

function* leavesOf<T>(node: Node<T>, shift: number, base: number): IterableIterator<Leaf<T>> {
  if (shift === 0) {
    yield { base, values: node.values };
    return;
  }
  for (let i = 0; i < WIDTH; i++) {
    const child = node.children[i];
    if (child !== undefined) yield* leavesOf(child, shift - BITS, base + i * 2 ** shift);
  }
}

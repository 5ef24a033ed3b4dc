/** What a receiver says that it refused of a request that it took. */
export interface PartialSuccess {
  /** Records, spans or points. */
  readonly rejected: number;
  /** As the receiver wrote it. */
  readonly message: string;
}

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** Reads the reply of a receiver, in JSON; null for one that says nothing. */
export function partialSuccessInJson(reply: string): PartialSuccess | null {
  let partial: unknown;
  try {
    partial = (JSON.parse(reply) as { readonly partialSuccess?: unknown }).partialSuccess;
  } catch {
    // An empty reply is one of success.
    return null;
  }
  if (typeof partial !== 'object' || partial === null) return null;
  const { errorMessage = '', ...counts } = partial as Readonly<Record<string, unknown>>;
  const rejected = Object.values(counts).reduce((sum: number, value) => sum + (Number(value) || 0), 0);
  return { rejected, message: String(errorMessage) };
}

/** The same of a reply in Protocol Buffers: `partial_success` is 1, in it `rejected_…` 1 and `error_message` 2. */
export function partialSuccessInProtobuf(reply: Uint8Array): PartialSuccess | null {
  const partial = fieldsIn(reply)?.get(1);
  if (!(partial instanceof Uint8Array)) return null;
  const fields = fieldsIn(partial);
  const [rejected, message] = [fields?.get(1), fields?.get(2)];
  return {
    rejected: typeof rejected === 'number' ? rejected : 0,
    message: message instanceof Uint8Array ? Buffer.from(message).toString('utf8') : '',
  };
}

/** The last value of each field; null for bytes that are no message. */
function fieldsIn(bytes: Uint8Array): ReadonlyMap<number, number | Uint8Array> | null {
  const fields = new Map<number, number | Uint8Array>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; at < bytes.length; scale *= 128) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < bytes.length) {
    const tag = varint();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === VARINT) fields.set(field, varint());
    else if (type === BYTES) {
      const length = varint();
      if (at + length > bytes.length) return null;
      fields.set(field, bytes.subarray(at, at + length));
      at += length;
    } else if (type === FIXED_64) at += 8;
    else if (type === FIXED_32) at += 4;
    else return null;
  }
  return fields;
}

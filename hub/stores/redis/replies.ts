/** The server's replies, `unknown` until they are checked. An unexpected reply is a fault of the store, not a crash. */

export function list(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError('The server did not reply with a list')
  return reply as readonly unknown[]
}

export function text(reply: unknown): string {
  if (typeof reply !== 'string') throw new TypeError('The server did not reply with a text')
  return reply
}

/** Reads a number, or the text of a number from a record. */
export function whole(reply: unknown): number {
  const number = typeof reply === 'string' ? Number(reply) : reply
  if (typeof number !== 'number' || !Number.isSafeInteger(number))
    throw new TypeError('The server did not reply with a whole number')
  return number
}

/** `undefined` if there is nothing. */
export const maybe = <Value>(reply: unknown, read: (reply: unknown) => Value): Value | undefined =>
  reply === null ? undefined : read(reply)

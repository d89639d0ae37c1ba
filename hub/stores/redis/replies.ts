/** The server's replies, `unknown` until they were looked at. One that is something else is store trouble, not a crash. */

export function list(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError('The server did not reply with a list')
  return reply as readonly unknown[]
}

export function text(reply: unknown): string {
  if (typeof reply !== 'string') throw new TypeError('The server did not reply with a text')
  return reply
}

/** As a number or, out of a record, as text. */
export function whole(reply: unknown): number {
  const number = typeof reply === 'string' ? Number(reply) : reply
  if (typeof number !== 'number' || !Number.isSafeInteger(number))
    throw new TypeError('The server did not reply with a whole number')
  return number
}

/** `undefined` where there is nothing. */
export const maybe = <Value>(reply: unknown, read: (reply: unknown) => Value): Value | undefined =>
  reply === null ? undefined : read(reply)

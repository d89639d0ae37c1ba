/** Values on their way to the server and back. */
import { SessionHubError } from '../../../sdk/protocol/errors.js'

/** Ids and hashes are base64url of whole bytes. @returns `undefined` for any other text, which no row has */
export function lookedFor(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

export const lookedForAll = (texts: readonly string[]): Buffer[] =>
  texts.map(lookedFor).filter((found) => found !== undefined)

export function bytes(text: string): Buffer {
  const found = lookedFor(text)
  if (!found)
    throw new SessionHubError('unavailable', 'The PostgreSQL store takes ids and hashes in base64url only')
  return found
}

const INT8 = 20
const BYTEA = 17

/** Reads integers as numbers, because all of ours are below 2^53, and bytes as base64url. */
export const readValue = (type: number): ((text: string) => unknown) => {
  if (type === INT8) return Number
  if (type === BYTEA) return (text) => Buffer.from(text.slice(2), 'hex').toString('base64url')
  if (type === 21 || type === 23) return Number
  return (text) => text
}

/** A column of many rows as one array; `null` if there is no row. */
export const column = <Row, Value>(rows: readonly Row[], value: (row: Row) => Value): Value[] | null =>
  rows.length ? rows.map(value) : null

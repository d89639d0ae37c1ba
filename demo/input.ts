/** The input that is accepted: one short text, in JSON or in a form. */
import { SessionHubError } from 'session-hub/site'

const LONGEST = 80

/** @throws SessionHubError `media_type_invalid`, `request_invalid` */
export const readItem = (body: unknown): string => readText(body, 'item')

/** @throws SessionHubError `media_type_invalid`, `request_invalid` */
export const readName = (body: unknown): string => readText(body, 'name')

/** @throws SessionHubError `media_type_invalid`, `request_invalid` */
export const readRef = (body: unknown): string => readText(body, 'ref')

function readText(body: unknown, key: string): string {
  // Express's parsers ignore every other media type.
  if (body === undefined)
    throw new SessionHubError('media_type_invalid', 'The body has another media type than it should')
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, key) : undefined
  const text = typeof value === 'string' ? value.trim() : ''
  if (text.length < 1 || text.length > LONGEST || /\p{Cc}/u.test(text)) {
    throw new SessionHubError('request_invalid', `"${key}" has to be a text of 1 to ${LONGEST} characters`)
  }
  return text
}

/**
 * Reads objects of an exact form. Every parser of the protocol names the members that it knows and refuses any other, so that nothing travels
 * that nobody has checked (R5).
 */
import { SessionHubError } from './errors.js'
import { isJsonObject, type JsonObject, quoted } from './json.js'
import { limits } from './wire.js'

type Check<Value> = (value: unknown) => value is Value
type Checked<C> = C extends Check<infer Value> ? Value : never

type Checks = Record<string, Check<unknown>>

/** The result of `readFields`: required members, then optional ones. */
export type Fields<Needed extends Checks, Allowed extends Checks = never> = {
  readonly [Key in keyof Needed]: Checked<Needed[Key]>
} & ([Allowed] extends [never] ? unknown : { readonly [Key in keyof Allowed]?: Checked<Allowed[Key]> })

/**
 * @param what names the object in the message, such as "The ticket"
 * @throws SessionHubError `request_invalid` for a missing, wrong or unknown member
 */
export function readFields<Needed extends Checks, Allowed extends Checks = never>(
  what: string,
  value: unknown,
  required: Needed,
  optional?: Allowed,
): Fields<Needed, Allowed> {
  if (!isJsonObject(value)) throw new SessionHubError('request_invalid', `${what} has to be a JSON object`)
  for (const key of Object.keys(required)) {
    if (!Object.hasOwn(value, key)) throw new SessionHubError('request_invalid', `${what} lacks "${key}"`)
  }
  for (const [key, member] of Object.entries(value)) {
    const check = own(required, key) ?? own(optional, key)
    if (!check) throw new SessionHubError('request_invalid', `${what} has an unknown member${quoted(key)}`)
    if (!check(member)) {
      const why = check === isSubject ? `: ${subjectFault(member)}` : ''
      throw new SessionHubError('request_invalid', `${what} has a wrong "${key}"${why}`)
    }
  }
  return value as unknown as Fields<Needed, Allowed>
}

function own<Value>(from: Record<string, Value> | undefined, key: string): Value | undefined {
  return from && Object.hasOwn(from, key) ? from[key] : undefined
}

export const isText =
  (maxLength: number, minLength = 1): Check<string> =>
  (value): value is string =>
    typeof value === 'string' && value.length >= minLength && value.length <= maxLength

const encoder = new TextEncoder()

/** Control characters, at which some stores cut a text, and unpaired surrogates, which no store keeps: two users would become one. */
const UNKEEPABLE = /[\p{Cc}\p{Surrogate}]/u

/** A subject: 1 to 255 bytes as JSON, because it travels in every ticket. */
export const isSubject: Check<string> = (value): value is string => subjectFault(value) === undefined

/** Says in words what is wrong with a subject. A number is refused and not converted: two databases may spell one number differently. */
export function subjectFault(value: unknown): string | undefined {
  if (typeof value === 'number' || typeof value === 'bigint')
    return 'a subject is a text, and this one is a number: give String(id)'
  if (typeof value !== 'string')
    return `a subject is a text, and this one is ${value === null || value === undefined ? String(value) : `of type ${typeof value}`}`
  if (value === '') return 'a subject has at least one character'
  if (UNKEEPABLE.test(value)) return 'a subject has no control characters and no halves of a character'
  return encoder.encode(JSON.stringify(value)).length - 2 > limits.subjectBytes
    ? `a subject has at most ${limits.subjectBytes} bytes`
    : undefined
}

/** @throws SessionHubError `request_invalid` */
export function requireSubject(value: unknown): asserts value is string {
  const fault = subjectFault(value)
  if (fault !== undefined) throw new SessionHubError('request_invalid', `Not a subject: ${fault}`)
}

/** The browser's description of itself, without characters that could cause trouble in a store or for a reader. */
export const isAgent: Check<string> = (value): value is string =>
  typeof value === 'string' && value !== '' && value.length <= limits.agentLength && !UNKEEPABLE.test(value)

/** The reason for an act, in words. */
export const isReason: Check<string> = (value): value is string =>
  isText(limits.reasonLength)(value) && value.trim() !== '' && !UNKEEPABLE.test(value)

/** Seconds since 1970, as JWT's NumericDate; integers only (R5). */
export const isTime: Check<number> = (value): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 0

export const isFlag: Check<boolean> = (value): value is boolean => typeof value === 'boolean'

export const isObject: Check<JsonObject> = isJsonObject

export const isOneOf =
  <Value extends string>(values: readonly Value[]): Check<Value> =>
  (value): value is Value =>
    (values as readonly unknown[]).includes(value)

export const isNullOr =
  <Value>(check: Check<Value>): Check<Value | null> =>
  (value): value is Value | null =>
    value === null || check(value)

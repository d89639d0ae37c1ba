/**
 * Which fields of a session its token contains, and under which names. The site that writes the token and every service that verifies it read
 * this in the same way.
 */
import { isJsonObject, type Json, type JsonObject } from './json.js'

/**
 * A path, `[path, name]`, or `[path, short name, long name]`. A path leads into the claims (`'profile.email'`), or into the data if it begins
 * with `data.` (`'data.cart.total'`); a path into the claims may begin with `claims.`. The token contains the short name; a reader gets both
 * names. A path alone is named by its last part.
 */
export type TokenField =
  string | readonly [path: string, name: string] | readonly [path: string, short: string, long: string]

export interface FieldRule {
  /** The path as it was given. */
  readonly path: string
  readonly from: 'claims' | 'data'
  readonly keys: readonly string[]
  readonly short: string
  readonly long: string
}

/** With the protocol's own members, a token still has at most `limits.jsonKeys`. */
const MOST_FIELDS = 16

const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/
const REGISTERED = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti']
const OWN = ['sk', 'was', 'st', 'sg', 'gen', 'auth_time', 'claims', 'remember', 'act', 'until']

/** Says what is wrong with a name for a member of a token; `undefined` if nothing is. */
export function nameFault(name: unknown, sessionField: string): string | undefined {
  if (typeof name !== 'string' || !NAME.test(name))
    return 'a name has 1 to 32 letters, digits, "-" or "_", a letter first'
  if (REGISTERED.includes(name)) return `"${name}" is a registered claim of JWT (RFC 7519)`
  if (name === sessionField) return `"${name}" is the session field`
  if (OWN.includes(name)) return `"${name}" is a claim of the session token's own`
  return undefined
}

/** The same for the name of the session field itself. */
export const sessionFieldFault = (name: unknown): string | undefined =>
  name === 'sk' ? undefined : nameFault(name, '')

/** The rules, or a description of what is wrong with the list. */
export function readTokenFields(given: unknown, sessionField: string): readonly FieldRule[] | string {
  if (!Array.isArray(given)) return 'has to be a list such as ["name", ["profile.email", "e", "email"]]'
  if (given.length > MOST_FIELDS) return `has ${given.length} entries; ${MOST_FIELDS} are allowed`
  const rules: FieldRule[] = []
  const pathOf = new Map<string, string>()
  for (const entry of given as readonly unknown[]) {
    const rule = readRule(entry)
    if (typeof rule === 'string') return rule
    if (rules.some(({ path }) => path === rule.path)) return `lists the path "${rule.path}" twice`
    for (const name of new Set([rule.short, rule.long])) {
      const fault = nameFault(name, sessionField)
      if (fault) return `cannot name "${rule.path}" so: ${fault}`
      const other = pathOf.get(name)
      if (other !== undefined) return `gives the name "${name}" to "${other}" and to "${rule.path}"`
      pathOf.set(name, rule.path)
    }
    rules.push(rule)
  }
  return rules
}

function readRule(entry: unknown): FieldRule | string {
  const [path, first, second, ...more] = Array.isArray(entry) ? (entry as readonly unknown[]) : [entry]
  if (typeof path !== 'string' || more.length > 0)
    return 'has an entry that is neither a path, nor [path, name], nor [path, short name, long name]'
  const [where, ...below] = path.split('.')
  const isPrefixed = (where === 'claims' || where === 'data') && below.length > 0
  const keys = isPrefixed ? below : path.split('.')
  if (keys.length > 5 || keys.some((key) => key === '' || key === '__proto__'))
    return `has "${path}", which is not a path of 1 to 5 keys separated by dots`
  const last = keys.at(-1) ?? ''
  const short = first === undefined ? last : first
  const long = second === undefined ? short : second
  if (typeof short !== 'string' || typeof long !== 'string')
    return `names "${path}" with something that is no text`
  return { path, from: isPrefixed && where === 'data' ? 'data' : 'claims', keys, short, long }
}

/** The value at a path. */
export function valueAt(from: JsonObject, keys: readonly string[]): Json | undefined {
  let value: Json | undefined = from
  for (const key of keys) {
    if (!isJsonObject(value) || !Object.hasOwn(value, key)) return undefined
    value = value[key]
  }
  return value
}

/** What a token contains besides the protocol's own members, under both names. */
export function byBothNames(wire: JsonObject, rules: readonly FieldRule[]): JsonObject {
  const long = rules
    .filter(({ short }) => Object.hasOwn(wire, short))
    .map((rule) => [rule.long, wire[rule.short]])
  return { ...wire, ...(Object.fromEntries(long) as JsonObject) }
}

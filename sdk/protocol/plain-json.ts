/** The plain JSON that an application gives us to store, or an error that says where the value is not plain JSON. */
import { SessionHubError } from './errors.js'
import { isJsonObject, type Json, type JsonLimits, type JsonObject } from './json.js'
import { limits } from './wire.js'

/**
 * Makes a copy, so that later changes to the original do not change what is stored. Refuses everything that `JSON.stringify` would silently
 * omit or change: `NaN` becomes `null`, and in a patch `null` removes; a Map becomes `{}`.
 *
 * @param what names the value in the message, such as "update"
 * @throws SessionHubError `request_invalid`, naming the path
 */
export function plainJson(
  what: string,
  value: unknown,
  bounds: JsonLimits = { depth: limits.jsonDepth, keys: limits.jsonKeys },
): JsonObject {
  const above: object[] = []

  function copied(given: unknown, path: Path): Json {
    if (given === null || typeof given === 'string' || typeof given === 'boolean') return given
    if (typeof given === 'number' && Number.isFinite(given)) return given
    if (typeof given !== 'object') throw wrong(path, `is ${nameOf(given)}`)
    if (above.includes(given)) throw wrong(path, 'contains itself')
    if (path.length >= bounds.depth) throw wrong(path, `is nested deeper than ${bounds.depth} levels`)
    if (!isPlain(given)) throw wrong(path, `is ${nameOf(given)}`)
    above.push(given)
    const copy = Array.isArray(given) ? list(given, path) : members(given, path)
    above.pop()
    return copy
  }

  function list(given: readonly unknown[], path: Path): Json[] {
    // By index, because every other way skips holes.
    const copy = Array.from({ length: given.length }, (_, at) => copied(given[at], [...path, at]))
    if (Object.keys(given).length !== given.length)
      throw wrong(path, 'is a list with a member beside its entries')
    return copy
  }

  function members(given: object, path: Path): JsonObject {
    const names = Object.keys(given)
    if (names.length > bounds.keys) throw wrong(path, `has more than ${bounds.keys} keys`)
    if (Object.getOwnPropertySymbols(given).length > 0) throw wrong(path, 'has a symbol as a key')
    if (names.includes('__proto__')) throw wrong(path, 'has the key "__proto__"')
    return Object.fromEntries(
      Object.entries(given).map(([name, one]) => [name, copied(one, [...path, name])]),
    )
  }

  const wrong = (path: Path, why: string) =>
    new SessionHubError('request_invalid', `${what}: ${textOf(path)} ${why}; only plain JSON can be kept`)

  const copy = copied(value, [])
  if (!isJsonObject(copy)) throw wrong([], `is ${nameOf(copy)}, not an object`)
  return copy
}

type Path = readonly (string | number)[]

/** A path such as `cart[1].price`. A part that does not look like a name may be a secret in the wrong place (R30). */
function textOf(path: Path): string {
  const text = path
    .map((step) =>
      typeof step === 'number' ? `[${step}]` : /^[A-Za-z_$][\w$-]{0,31}$/.test(step) ? `.${step}` : '[…]',
    )
    .join('')
  return text === '' ? 'the value' : `"${text.replace(/^\./, '')}"`
}

/** Also accepts objects of another realm, as in a test runner: their `Object.prototype` is not ours, and nothing is above it either. */
function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function nameOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (typeof value === 'number') return Number.isFinite(value) ? 'a number' : String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  const tag = Object.prototype.toString.call(value).slice(8, -1)
  return tag === 'Object' ? 'an object of a class' : `${/^[AEIO]/.test(tag) ? 'an' : 'a'} ${tag}`
}

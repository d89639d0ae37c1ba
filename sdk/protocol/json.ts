/** JSON as it comes from the wire: `unknown` in, a parsed value out. */
import { SessionHubError } from './errors.js'
import { limits } from './wire.js'

export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

export interface JsonLimits {
  readonly depth: number
  readonly keys: number
}

/**
 * Parses JSON text and refuses what `JSON.parse` accepts silently: duplicate keys (R6; the last would win), deep nesting and many keys (R31),
 * and `__proto__` as a key.
 *
 * @throws SessionHubError `request_invalid`
 */
export function parseJson(
  text: string,
  bounds: JsonLimits = { depth: limits.jsonDepth, keys: limits.jsonKeys },
): Json {
  const scan = scanJson(text, bounds)
  if (scan) throw new SessionHubError('request_invalid', scan)
  try {
    return JSON.parse(text) as Json
  } catch (cause) {
    throw new SessionHubError('request_invalid', 'The text is not JSON', { cause })
  }
}

/** @throws SessionHubError `request_invalid` if the text is not a JSON object. */
export function parseJsonObject(text: string, bounds?: JsonLimits): JsonObject {
  const value = parseJson(text, bounds)
  if (!isJsonObject(value)) throw new SessionHubError('request_invalid', 'A JSON object is expected')
  return value
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Applies the same bounds to a value that something else has parsed, such as an application's own body parser.
 *
 * @throws SessionHubError `request_invalid`
 */
export function checkJson(
  value: unknown,
  bounds: JsonLimits = { depth: limits.jsonDepth, keys: limits.jsonKeys },
): Json {
  const fault = faultOf(value, bounds, 0)
  if (fault) throw new SessionHubError('request_invalid', fault)
  return value as Json
}

function faultOf(value: unknown, bounds: JsonLimits, depth: number): string | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'A number is not finite'
  if (typeof value !== 'object') return `A ${typeof value} is not JSON`
  if (depth >= bounds.depth) return tooDeep(bounds)
  if (Array.isArray(value)) return firstFault(value, bounds, depth)
  const keys = Object.keys(value)
  if (keys.length > bounds.keys) return tooManyKeys(bounds)
  if (keys.includes('__proto__')) return 'The key "__proto__" is refused'
  return firstFault(Object.values(value), bounds, depth)
}

function firstFault(values: readonly unknown[], bounds: JsonLimits, depth: number): string | undefined {
  for (const value of values) {
    const fault = faultOf(value, bounds, depth + 1)
    if (fault) return fault
  }
  return undefined
}

const tooDeep = (bounds: JsonLimits) => `Nested deeper than ${bounds.depth} levels`
const tooManyKeys = (bounds: JsonLimits) => `More than ${bounds.keys} keys in one object`

/** The last quote may be missing: a text that never ends is scanned once, not once per character (R31). */
const STRING_OR_BRACKET = /"[^"\\]*(?:\\.[^"\\]*)*"?|[{}[\]]/g

/**
 * Scans the text once before it is parsed, so that hostile nesting never reaches the parser's stack. The text need not be valid JSON yet:
 * `JSON.parse` decides that.
 */
function scanJson(text: string, bounds: JsonLimits): string | undefined {
  const open: (Set<string> | undefined)[] = []
  STRING_OR_BRACKET.lastIndex = 0
  for (let match; (match = STRING_OR_BRACKET.exec(text));) {
    const [token] = match
    if (token === '{' || token === '[') {
      if (open.length >= bounds.depth) return tooDeep(bounds)
      open.push(token === '{' ? new Set() : undefined)
    } else if (token === '}' || token === ']') {
      open.pop()
    } else {
      const keys = open.at(-1)
      if (!keys || !isKey(text, STRING_OR_BRACKET.lastIndex)) continue
      const key = unescaped(token)
      if (keys.has(key)) return `The key${quoted(key)} occurs twice` // R6
      if (key === '__proto__') return 'The key "__proto__" is refused'
      if (keys.add(key).size > bounds.keys) return tooManyKeys(bounds)
    }
  }
  return undefined
}

function isKey(text: string, after: number): boolean {
  let at = after
  while (text.charCodeAt(at) <= 0x20) at += 1
  return text.charAt(at) === ':'
}

/** Two spellings of one key (`"a"`, `"\u0061"`) are the same key. */
function unescaped(token: string): string {
  if (!token.includes('\\')) return token.slice(1, -1)
  try {
    return String(JSON.parse(token))
  } catch {
    return token
  }
}

/** A key for a message, if it looks like a name: anything else may be a secret in the wrong place (R30). */
export const quoted = (key: string): string => (/^[A-Za-z_-]{1,24}$/.test(key) ? ` "${key}"` : '')

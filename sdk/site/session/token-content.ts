/** What a site puts into its session token besides what the protocol needs: fields by their paths, and the members that its hook returns. */
import { SessionHubError } from '../../protocol/errors.js'
import { checkJson, isJsonObject, type Json, type JsonObject } from '../../protocol/json.js'
import { plainJson } from '../../protocol/plain-json.js'
import { byBothNames, type FieldRule, nameFault, valueAt } from '../../protocol/token-fields.js'
import { limits } from '../../protocol/wire.js'
import { type Log, reasonOf } from '../../settings/log.js'
import type { AppSettings } from '../options.js'
import type { TokenSession } from '../token-session.js'
import type { Visit } from '../visit.js'

export interface TokenContent {
  /** Whether a token may contain more than the protocol's own members. */
  readonly isOpen: boolean
  /** Whether it can change without a new session. */
  readonly mayChange: boolean
  /** Whether a token contains all claims, as they are. */
  readonly isWhole: boolean
  /**
   * The members to add to the protocol's own.
   *
   * @param roomBytes the room that is left for them in the cookie, as JSON
   * @throws SessionHubError `unavailable` if the hook failed: a token without its members must not be issued
   */
  write(session: TokenSession, visit: Visit, roomBytes: number): Promise<JsonObject>
  /** The part of the claims that the token contains. */
  claimsOf(extra: JsonObject): JsonObject
  /** The members besides the protocol's own, under short and long names. */
  fieldsOf(extra: JsonObject): JsonObject
}

export function createTokenContent(
  { fields, tokenClaims, sessionField }: Pick<AppSettings, 'fields' | 'tokenClaims' | 'sessionField'>,
  log: Log,
): TokenContent {
  const rules = fields ?? []
  const warned = new Set<string>()

  function warn({ path }: FieldRule, reason: 'missing' | 'too-large'): void {
    if (warned.has(path)) return
    warned.add(path)
    log({ level: 'warn', event: 'token_field_left_out', path, reason })
  }

  /** @param beside what the token already contains */
  function fieldsFrom(session: TokenSession, beside: JsonObject, mostBytes: number): JsonObject {
    const found: Record<string, Json> = {}
    for (const rule of rules) {
      const value = valueAt(session[rule.from], rule.keys)
      if (value === undefined) {
        // An anonymous visitor has no claims, so nothing is missing.
        if (rule.from === 'data' || session.subject !== null) warn(rule, 'missing')
      } else if (isSmall(value) && sizeOf({ ...beside, ...found, [rule.short]: value }) <= mostBytes)
        found[rule.short] = value
      else warn(rule, 'too-large')
    }
    return found
  }

  async function moreFrom(session: TokenSession, visit: Visit, mostBytes: number): Promise<JsonObject> {
    if (!tokenClaims) return {}
    try {
      return checked(await tokenClaims(structuredClone(session), visit.request), mostBytes)
    } catch (cause) {
      const description = `tokenClaims: ${reasonOf(cause)}`
      log({ level: 'error', event: 'hook_failed', description })
      throw new SessionHubError('unavailable', 'The session token cannot be made', { cause })
    }
  }

  function checked(said: unknown, mostBytes: number): JsonObject {
    const value = plainJson('what it gives', isJsonObject(said) ? withoutUndefined(said) : said)
    for (const name of Object.keys(value)) {
      const fault = nameFault(name, sessionField)
      if (fault) throw new TypeError(`it names something "${name}": ${fault}`)
      if (rules.some(({ short, long }) => name === short || name === long))
        throw new TypeError(`it gives "${name}", which is a field`)
    }
    if (Object.keys(value).length + rules.length > limits.tokenNames)
      throw new TypeError(`with the fields, it gives more than ${limits.tokenNames} names`)
    if (sizeOf(value) > mostBytes) throw new TypeError(`it gives more than ${mostBytes} bytes as JSON`)
    return value
  }

  return {
    isOpen: fields !== undefined || tokenClaims !== undefined || sessionField !== 'sk',
    mayChange: tokenClaims !== undefined || rules.some(({ from }) => from === 'data'),
    isWhole: fields === undefined,
    async write(session, visit, roomBytes) {
      const mostBytes = Math.min(limits.tokenContentBytes, roomBytes)
      const more = await moreFrom(session, visit, mostBytes)
      return { ...fieldsFrom(session, more, mostBytes), ...more }
    },
    claimsOf(extra) {
      let claims: JsonObject = {}
      for (const { from, keys, short } of rules) {
        const value = Object.hasOwn(extra, short) ? extra[short] : undefined
        if (from === 'claims' && value !== undefined) claims = placed(claims, keys, value)
      }
      return claims
    },
    fieldsOf: (extra) => byBothNames(extra, rules),
  }
}

/** A copy with this value at this path. */
function placed(into: JsonObject, [key = '', ...below]: readonly string[], value: Json): JsonObject {
  const inner = Object.hasOwn(into, key) ? into[key] : undefined
  return {
    ...into,
    [key]: below.length === 0 ? value : placed(isJsonObject(inner) ? inner : {}, below, value),
  }
}

/** Such a function often returns a member with the value `undefined` for what the session lacks. */
const withoutUndefined = (said: object): object =>
  Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))

/** Data may have grown beyond what one token may contain. */
function isSmall(value: Json): boolean {
  try {
    checkJson(value)
    return true
  } catch {
    return false
  }
}

const sizeOf = (value: JsonObject) => Buffer.byteLength(JSON.stringify(value))

/** Checks of a site's options that are more than a number or a choice. */
import { isEndpoint } from '../protocol/formats.js'
import { isHost } from '../protocol/origins.js'
import { type FieldRule, readTokenFields, sessionFieldFault } from '../protocol/token-fields.js'
import { cookieNames, defaultEndpoint, limits } from '../protocol/wire.js'
import { endpointPath, origin } from '../settings/checks.js'
import type { Check } from '../settings/option-rows.js'
import { wrong } from '../settings/refuse-unknown.js'
import type { KeysOf, SiteKeys } from './keys.js'

/** Keys can be in files, so `importKeys` reads them once everything else is right. */
const laterRead = <Value>(type: string): Check<Value> => ({
  type,
  read: (_where, _name, given) => given as Value,
})

export const keysOption = laterRead<SiteKeys | string | undefined>('SiteKeys | string | undefined')

export const appKeysOption = laterRead<SiteKeys | string | KeysOf>('SiteKeys | string | KeysOf')

export const originsOption: Check<readonly string[]> = {
  type: 'readonly string[]',
  read(where, name, given) {
    if (!Array.isArray(given) || given.length === 0)
      throw wrong(where, `"${name}" has to list at least one origin, such as "https://shop.example"`)
    const hosts = new Set<string>()
    return given.map((one) => {
      const checked = origin(where, name, one)
      const { host } = new URL(checked)
      if (hosts.has(host)) throw wrong(where, `"${name}" lists the host "${host}" twice`)
      hosts.add(host)
      return checked
    })
  },
}

export const hostOption: Check<string> = {
  type: 'string',
  read(where, name, given) {
    if (typeof given === 'string' && isHost(given)) return given
    throw wrong(
      where,
      `"${name}" has to be a host as browsers send it, such as "shop.example" or "shop.example:8443"`,
    )
  },
}

export const backchannelOption: Check<string> = {
  type: 'string',
  read(where, name, given) {
    const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
    if (!url || !['http:', 'https:'].includes(url.protocol) || url.origin !== given)
      throw wrong(where, `"${name}" has to be scheme, host and port alone, such as "http://hub:4000"`)
    return given
  },
}

export const endpointOption: Check<string> = {
  type: 'string',
  read: (where, _name, given) => endpointPath(where, given),
}

export const removedPathOption: Check<string> = {
  type: 'string',
  read(where, name, given, { endpoint }) {
    if (given === '') return given
    if (!isEndpoint(given) || !String(endpoint).startsWith(`${given}/`))
      throw wrong(
        where,
        `"${name}" has to be the beginning of "endpoint", such as "/shop" of "/shop${defaultEndpoint}"; "endpoint" is "${String(endpoint)}"`,
      )
    return given
  },
}

export const cookieNameOption: Check<string> = {
  type: 'string',
  read(where, name, given) {
    if (typeof given !== 'string' || !/^__Host-[A-Za-z0-9_-]+$/.test(given))
      throw wrong(where, `"${name}" has to begin with "__Host-"`) // R22
    if (given.length > limits.cookieNameLength)
      throw wrong(where, `"${name}" has at most ${limits.cookieNameLength} characters`)
    if (given !== cookieNames.session && (Object.values(cookieNames) as string[]).includes(given))
      throw wrong(where, `"${name}": "${given}" is the name of another cookie of this protocol`)
    return given
  },
}

/** Names that a request already has on some server. */
const TAKEN = ['body', 'headers', 'ip', 'method', 'params', 'query', 'socket', 'url']

export const propertyOption: Check<string> = {
  type: 'string',
  read(where, name, given) {
    if (typeof given !== 'string' || !/^[A-Za-z_$][\w$]*$/.test(given) || TAKEN.includes(given))
      throw wrong(where, `"${name}" has to be a name that no member of a request has, such as "hub"`)
    return given
  },
}

export const sessionFieldOption: Check<string> = {
  type: 'string',
  read(where, name, given) {
    const fault = sessionFieldFault(given)
    if (fault) throw wrong(where, `"${name}": ${fault}`)
    return given as string
  },
}

export const fieldsOption: Check<readonly FieldRule[]> = {
  type: 'readonly TokenField[]',
  read(where, name, given, { sessionField }) {
    const rules = readTokenFields(given, String(sessionField))
    if (typeof rules === 'string') throw wrong(where, `"${name}" ${rules}`)
    return rules
  },
}

export const audiencesOption: Check<readonly string[]> = {
  type: 'readonly string[]',
  read(where, name, given) {
    if (!Array.isArray(given) || given.length > limits.audiences)
      throw wrong(where, `"${name}" has to be a list of at most ${limits.audiences} origins`)
    const listed = given.map((one) => origin(where, name, one))
    const twice = listed.find((one, at) => listed.indexOf(one) !== at)
    if (twice !== undefined) throw wrong(where, `"${name}" lists "${twice}" twice`)
    return listed
  },
}

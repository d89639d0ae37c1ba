/**
 * Whether the visitor shares nothing in this browser. An opt-out on a site of one group holds for all groups. Sites of each group can
 * withdraw it for their own group, and for no other (R37).
 */
import type { IncomingHttpHeaders } from 'node:http'

import { COOKIE_SECONDS, readCookie, setCookie } from '../../sdk/http/cookies.js'
import { cookieNames } from '../../sdk/protocol/wire.js'
import type { Site } from '../sites/site.js'

type Grouped = Pick<Site, 'group'>

/** The latest word of each group that has one: `true` is off. */
type Words = ReadonlyMap<string, boolean>

export const hasOptedOut = (headers: IncomingHttpHeaders, { group }: Grouped): boolean => {
  const words = readWords(headers)
  return words.get(group) ?? isOffFor(words)
}

/** The cookie after this group has turned sharing off or on. */
export function hubOffCookie(headers: IncomingHttpHeaders, { group }: Grouped, isOff: boolean): string {
  const said = new Map(readWords(headers)).set(group, isOff)
  // Off holds for everybody, so it replaces every group's earlier "on". If a group turns on again and no group is off any more, nothing is kept.
  const kept = [...said].filter(([, off]) => off || (!isOff && isOffFor(said)))
  return offCookie(
    kept
      .sort(([, one], [, other]) => Number(one) - Number(other))
      .slice(-MOST)
      .map(written)
      .join('.'),
  )
}

/** The cookie after the visitor has withdrawn, at the hub itself, what was said on any site. */
export const backOnCookie = (): string => offCookie('')

const offCookie = (words: string) =>
  setCookie(cookieNames.hubOff, words, { sameSite: 'None', httpOnly: true }, COOKIE_SECONDS)

/** Far more groups than one visitor meets. If there are more, groups that are on are dropped first. */
const MOST = 32

const isOffFor = (words: Words): boolean => [...words.values()].includes(true)

const written = ([group, isOff]: [string, boolean]): string => `${isOff ? '1' : '0'}${group}`

/** A cookie that cannot be read, or is there twice, counts as "off": sharing needs certainty. */
function readWords({ cookie }: IncomingHttpHeaders): Words {
  if (cookie?.includes(`${cookieNames.hubOff}=`) !== true) return new Map()
  const words = (readCookie(cookie, cookieNames.hubOff) ?? '')
    .split('.')
    .flatMap((word): [string, boolean][] =>
      /^[01][a-z0-9-]{0,32}$/.test(word) ? [[word.slice(1), word.startsWith('1')]] : [],
    )
  return new Map(words.length > 0 ? words : [['', true]])
}

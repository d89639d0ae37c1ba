/**
 * Whether the visitor shares nothing in this browser. Said on a site of one group, it holds for all groups; each group's sites can take
 * back the word for their own group, and for no other (R37).
 */
import type { IncomingHttpHeaders } from 'node:http'

import { COOKIE_SECONDS, readCookie, setCookie } from '../../sdk/http/cookies.js'
import { cookieNames } from '../../sdk/protocol/wire.js'
import type { Site } from '../sites/site.js'

type Grouped = Pick<Site, 'group'>

/** The last word of each group that has said one: `true` is off. */
type Words = ReadonlyMap<string, boolean>

export const hasOptedOut = (headers: IncomingHttpHeaders, { group }: Grouped): boolean => {
  const words = readWords(headers)
  return words.get(group) ?? isOffFor(words)
}

/** The cookie after a word of this group's. */
export function hubOffCookie(headers: IncomingHttpHeaders, { group }: Grouped, isOff: boolean): string {
  const said = new Map(readWords(headers)).set(group, isOff)
  // Off is said for everybody: what others have taken back before is off again. Back on, with nobody left who is off, needs no word.
  const kept = [...said].filter(([, off]) => off || (!isOff && isOffFor(said)))
  return offCookie(
    kept
      .sort(([, one], [, other]) => Number(one) - Number(other))
      .slice(-MOST)
      .map(written)
      .join('.'),
  )
}

/** After the visitor has taken back at the hub itself what was said on any site. */
export const backOnCookie = (): string => offCookie('')

const offCookie = (words: string) =>
  setCookie(cookieNames.hubOff, words, { sameSite: 'None', httpOnly: true }, COOKIE_SECONDS)

/** Far more groups than one visitor meets. What finds no place is a word that was taken back. */
const MOST = 32

const isOffFor = (words: Words): boolean => [...words.values()].includes(true)

const written = ([group, isOff]: [string, boolean]): string => `${isOff ? '1' : '0'}${group}`

/** A cookie that nobody can read stands for "off", as does one that is there twice: sharing is what has to be certain. */
function readWords({ cookie }: IncomingHttpHeaders): Words {
  if (cookie?.includes(`${cookieNames.hubOff}=`) !== true) return new Map()
  const words = (readCookie(cookie, cookieNames.hubOff) ?? '')
    .split('.')
    .flatMap((word): [string, boolean][] =>
      /^[01][a-z0-9-]{0,32}$/.test(word) ? [[word.slice(1), word.startsWith('1')]] : [],
    )
  return new Map(words.length > 0 ? words : [['', true]])
}

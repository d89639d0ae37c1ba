/** The result of an act, for the page that follows it. It is in a cookie and not in the address, which anybody can write (R32). */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { readCookie } from '../../sdk/http/cookies.js'
import { doneSentence, type Done } from './sentences.js'
import { setStrict } from './sign-in.js'

const COOKIE = '__Host-session-hub-admin-news'

export function tellNext(res: ServerResponse, { ended, spared, isAll = true }: Done): void {
  setStrict(res, COOKIE, `${ended}.${spared}.${isAll ? 1 : 0}`)
}

const SITE_NEWS = {
  changed: 'The site has been changed.',
  on: 'The site has been turned on.',
  off: 'The site has been turned off.',
  proven: 'The owner is confirmed, and the site is on.',
  rotated: 'The hub has forgotten the old keys.',
  kept: 'The hub has forgotten the new keys.',
  removed: 'The site has been removed.',
} as const
export type SiteNews = keyof typeof SITE_NEWS

export function tellSiteNext(res: ServerResponse, news: SiteNews): void {
  setStrict(res, COOKIE, `site.${news}`)
}

/** Reads and removes the news; empty if there are none. */
export function takeNews({ headers }: IncomingMessage, res: ServerResponse): string {
  const value = readCookie(headers.cookie, COOKIE)
  if (value === undefined) return ''
  setStrict(res, COOKIE, '')
  const ofSite = value.startsWith('site.') ? value.slice(5) : ''
  if (Object.hasOwn(SITE_NEWS, ofSite)) return SITE_NEWS[ofSite as SiteNews]
  const [, ended, spared, isAll] = /^(\d{1,6})\.(\d{1,6})\.([01])$/.exec(value) ?? []
  return ended === undefined
    ? ''
    : doneSentence({ ended: Number(ended), spared: Number(spared), isAll: isAll === '1' })
}

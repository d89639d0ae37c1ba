/** What an act came to, for the page that is shown after it. In a cookie and not in the address, which anybody can write (R32). */
import type { IncomingMessage, ServerResponse } from 'node:http'

import { readCookie } from '../../sdk/http/cookies.js'
import { doneSentence, type Done } from './sentences.js'
import { setStrict } from './sign-in.js'

const COOKIE = '__Host-session-hub-admin-news'

export function tellNext(res: ServerResponse, { ended, spared, isAll = true }: Done): void {
  setStrict(res, COOKIE, `${ended}.${spared}.${isAll ? 1 : 0}`)
}

/** Once; empty where there is none. */
export function takeNews({ headers }: IncomingMessage, res: ServerResponse): string {
  const value = readCookie(headers.cookie, COOKIE)
  if (value === undefined) return ''
  setStrict(res, COOKIE, '')
  const [, ended, spared, isAll] = /^(\d{1,6})\.(\d{1,6})\.([01])$/.exec(value) ?? []
  return ended === undefined
    ? ''
    : doneSentence({ ended: Number(ended), spared: Number(spared), isAll: isAll === '1' })
}

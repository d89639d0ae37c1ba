/** The site's readable cookies. Their names are spelt out here, because importing the protocol's table of names would make the SDK larger. */
import { ofDocument } from './document.js'

const PREFIX = '__Host-session-'
export const STATE_COOKIE = `${PREFIX}state`
export const ARRIVAL_COOKIE = `${PREFIX}arrival`

/**
 * Empty if there is none.
 *
 * @param name `state`; `off`: the visitor shares nothing on this site; `arrival`: how the visitor has just come, written by the backend, once
 * @throws if the page is sandboxed
 */
export const readCookie = (name: 'state' | 'off' | 'arrival'): string =>
  `; ${ofDocument('cookie')}`.split(`; ${PREFIX}${name}=`)[1]?.split(';')[0] ?? ''

/** Empty if there is no session. */
export const readState = (): string => readCookie('state')

/** The site's readable cookies. Spelt out here: the protocol's table of names would cost the SDK its bytes. */
import { ofDocument } from './document.js'

const PREFIX = '__Host-session-'
export const STATE_COOKIE = `${PREFIX}state`
export const ARRIVAL_COOKIE = `${PREFIX}arrival`

/**
 * Empty where there is none.
 *
 * @param name `state`; `off`: the visitor shares nothing on this site; `arrival`: how the visitor has just come, written by the
 * backend, once
 * @throws where the page is sandboxed
 */
export const readCookie = (name: 'state' | 'off' | 'arrival'): string =>
  `; ${ofDocument('cookie')}`.split(`; ${PREFIX}${name}=`)[1]?.split(';')[0] ?? ''

/** Empty where there is no session. */
export const readState = (): string => readCookie('state')

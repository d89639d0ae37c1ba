/** The site's readable cookies. Spelt out here: the protocol's table of names would cost the SDK its bytes. */

export const STATE_COOKIE = '__Host-session-state'

/** The visitor shares nothing on this site. */
export const OFF_COOKIE = '__Host-session-off'

/** Empty where there is none. */
export const readCookie = (name: string): string =>
  document.cookie
    .split('; ')
    .find((cookie) => cookie.startsWith(`${name}=`))
    ?.slice(name.length + 1) ?? ''

/** Empty where there is no session. */
export const readState = (): string => readCookie(STATE_COOKIE)

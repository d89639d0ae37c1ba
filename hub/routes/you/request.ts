/** What a request to the hub's own page shows about the visitor. */
import { random128 } from '../../../sdk/tokens/random.js'
import { readCookie, setCookie } from '../../../sdk/http/cookies.js'
import { is128Bits } from '../../../sdk/protocol/formats.js'
import { cookieNames } from '../../../sdk/protocol/wire.js'
import type { HubContext } from '../../flows/context.js'
import type { OwnHandle } from '../../flows/own-sessions.js'
import { isTag, ownPageTag } from '../../flows/tags.js'
import { hubHandleHash } from '../access.js'
import { groupsHeld } from '../cookies.js'
import type { HubRequest } from '../request.js'

export const ownHandles = (req: HubRequest): readonly OwnHandle[] =>
  groupsHeld(req).flatMap((group) => {
    const hash = hubHandleHash(req.headers, { group })
    return hash === undefined ? [] : [{ group, hash }]
  })

/**
 * Whether a page elsewhere caused the request, a neighbour of the same site included. A typed address, a bookmark and a click on this page itself are
 * the visitor's own. A browser that does not say counts as sent here.
 */
export const isLedHere = ({ headers }: HubRequest): boolean =>
  headers['sec-fetch-site'] !== 'same-origin' && headers['sec-fetch-site'] !== 'none'

export interface FormTag {
  readonly tag: string
  /** The cookie for the tag, if this browser does not have one yet. */
  readonly cookies: readonly string[]
}

/** The tag that each form returns, so that no other page can send one. It covers this browser and the sessions that were shown. */
export function formTag(hub: HubContext, req: HubRequest, handles: readonly OwnHandle[]): FormTag {
  const known = formCookie(req)
  const value = known ?? random128()
  return {
    tag: tagOf(hub, value, handles),
    cookies:
      known === undefined
        ? [setCookie(cookieNames.hubForm, value, { sameSite: 'Strict', httpOnly: true })]
        : [],
  }
}

export function isOwnForm(
  hub: HubContext,
  req: HubRequest,
  handles: readonly OwnHandle[],
  given: string | null,
): boolean {
  const { origin, 'sec-fetch-site': from = 'same-origin' } = req.headers
  const cookie = formCookie(req)
  return (
    origin === hub.origin &&
    from === 'same-origin' &&
    cookie !== undefined &&
    isTag(given ?? '', tagOf(hub, cookie, handles))
  )
}

function formCookie({ headers }: HubRequest): string | undefined {
  const value = readCookie(headers.cookie, cookieNames.hubForm)
  return is128Bits(value) ? value : undefined
}

const tagOf = ({ secret }: HubContext, cookie: string, handles: readonly OwnHandle[]) =>
  ownPageTag(secret, [cookie, ...handles.map(({ hash }) => hash)].join('\n'))

/**
 * The redirect: does what the frame and the exchange do, in the visitor's own window. There the page is the hub's own, so its cookie is the only
 * one.
 */
import { SessionHubError } from '../../sdk/protocol/errors.js'
import { limits } from '../../sdk/protocol/wire.js'
import { random256 } from '../../sdk/tokens/random.js'
import type { Site } from '../sites/site.js'
import type { HubContext } from './context.js'
import { exchange, type ExchangeAnswer } from './exchange.js'
import { answerFrame } from './frame.js'
import { readRedirectSeal, redirectSeal } from './tags.js'

export interface RedirectQuestion {
  readonly site: Site
  readonly nonce: string
  readonly state: string | undefined
  readonly hubHandleHash: string | undefined
  /** In the second round: the offer, or `null` if the site has no session after all. */
  readonly offer: string | null | undefined
  /** The visitor shares nothing in this browser. */
  readonly isOff: boolean
  /** The hub's own start cookie. */
  readonly seal: string | undefined
}

export interface RedirectAnswer extends ExchangeAnswer {
  /** With `offer`: the nonce that the offer has to carry, and its seal for the start cookie. */
  readonly asked?: { readonly hubNonce: string; readonly seal: string }
}

export async function answerRedirect(hub: HubContext, question: RedirectQuestion): Promise<RedirectAnswer> {
  const { site, nonce, offer, seal, hubHandleHash, isOff } = question
  const { secret } = hub
  if (offer === undefined) {
    const answer = await answerFrame(hub, { ...question, hasAccess: true }, 'redirect')
    if (answer.outcome !== 'offer') return answer
    // R13: an offer counts only if the hub has asked for it in this very browser.
    const hubNonce = random256()
    const endMs = hub.now() + limits.redirectSeconds * 1000
    return {
      ...answer,
      asked: { hubNonce, seal: redirectSeal(secret, { site: site.origin, nonce, hubNonce }, endMs) },
    }
  }
  const hubNonce = readRedirectSeal(secret, seal ?? '', site.origin, nonce, hub.now())
  if (hubNonce === undefined)
    throw new SessionHubError('start_invalid', 'The hub asked for no offer in this browser')
  return exchange(hub, {
    site,
    nonce,
    offerNonce: hubNonce,
    mode: 'redirect',
    offer,
    hubHandleHash,
    hasAccess: true,
    isOff,
  })
}

/** One sync: offer, exchange, perhaps redeem. Knows the protocol, and nothing of throttling or events. */
import type { OfferReply, RedeemReply } from '../protocol/bodies.js'
import type { FrameMessage } from '../protocol/messages.js'
import type { EndReason, Outcome } from '../protocol/wire.js'
import { type HubFrame, openFrame } from './frame.js'
import { post } from './post.js'
import { createBinding } from './random.js'

export interface SyncResult {
  readonly outcome: Outcome
  readonly reason: string | null
  readonly requests: number
  /** The site's new session. */
  readonly replaced: RedeemReply | undefined
  /** The site's session turned out to have ended. */
  readonly ended: EndReason | undefined
}

export interface SyncPlan {
  readonly hub: string
  readonly endpoint: string
  readonly timeout: number
  readonly state: string
  /** The state shows a session that the hub has not seen: an offer will be needed, so it is fetched beside the frame. */
  readonly isChanged: boolean
}

/** Never rejects: whatever goes wrong is an outcome with a reason. */
export function runSync({ hub, endpoint, timeout, state, isChanged }: SyncPlan): Promise<SyncResult> {
  return new Promise((resolve) => {
    const abort = new AbortController()
    let requests = 0
    let ended: EndReason | undefined
    let frame: HubFrame | undefined
    let hear: (message: FrameMessage) => void

    const finish = (outcome: Outcome, reason: string | null, replaced?: RedeemReply) => {
      clearTimeout(timer)
      abort.abort()
      frame?.close()
      resolve({ outcome, reason, requests, replaced, ended })
    }
    const fail = (reason: string) => {
      finish('failed', reason)
    }
    const timer = setTimeout(fail, timeout, 'timeout')

    const ask = <Reply>(path: string, body: object) => {
      requests++
      return post<Reply>(endpoint + path, body, abort.signal)
    }
    const heard = () => new Promise<FrameMessage>((listen) => (hear = listen))

    const run = async () => {
      const { verifier, nonce } = await createBinding()
      const askOffer = () => ask<OfferReply>('/offer', { nonce })
      const early = isChanged && askOffer()
      // Whether it is needed at all is seen below.
      if (early) early.catch(() => 0)

      const first = heard()
      requests++
      frame = openFrame(hub, nonce, state, {
        hear: (message) => {
          hear(message)
        },
        lost: () => {
          fail('unreachable')
        },
      })
      let { outcome, ticket, reason } = await first
      if (outcome === 'offer') {
        const offered = await (early || askOffer())
        ended = offered.ended
        const second = heard()
        requests++
        frame.send(offered.offer)
        ;({ outcome, ticket, reason } = await second)
      }
      const replaced = ticket ? await ask<RedeemReply>('/redeem', { ticket, verifier }) : undefined
      finish(outcome, reason ?? (outcome === 'blocked' ? outcome : null), replaced)
    }
    run().catch(fail)
  })
}

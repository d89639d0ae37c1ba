/** One sync: offer, exchange, perhaps redeem. It knows the protocol, but nothing of throttling or events. */
import type { OfferReply, RedeemReply } from '../protocol/bodies.js'
import type { FrameMessage, PageMessage } from '../protocol/messages.js'
import type { EndReason, Outcome } from '../protocol/wire.js'
import { ofDocument } from './document.js'
import type { FrameListener, HubFrame } from './frame.js'
import type { ClientOptions } from './options.js'
import { post } from './post.js'
import type { Binding } from './random.js'

export interface SyncResult {
  readonly outcome: Outcome
  readonly reason: string | null
  /** After how many seconds the hub, or this site's backend, wants to be asked again; any other value if neither has said so. */
  readonly retryAfter?: unknown
  readonly requests: number
  /** The site's new session. */
  readonly replaced?: Replaced | undefined
  /** The site's session turned out to have ended. */
  readonly ended?: EndReason | undefined
  /** The frame's last message. */
  readonly message?: FrameMessage | undefined
  /** The frame, still open: it reports when something changes at the hub. */
  readonly frame?: HubFrame | undefined
}

/** `subject` is `null` if nobody is signed in; otherwise its value does not matter. */
type Replaced = Pick<RedeemReply, 'state' | 'reason'> & { readonly subject: unknown }

/** How a sync ends. */
interface Ending {
  readonly outcome?: Outcome
  readonly reason?: string | null
  readonly retryAfter?: unknown
}

/** The parts of a sync's frame. */
export interface SyncFrame {
  /** The site's state, as the frame is told. */
  readonly state: string
  readonly createBinding: () => Promise<Binding>
  readonly openFrame: (hub: string, nonce: string, state: string, listener: FrameListener) => HubFrame
  /** The visitor's choice after a conflict; or that news began this sync. */
  readonly choice?: PageMessage['choice']
}

/** A page's load event waits for its frames, and a hub may hang: after this time the frame is removed until the page has loaded. */
const PATIENCE_MS = 1000

/**
 * Never rejects: every failure is an outcome with a reason.
 *
 * @param isChanged the state shows a session that the hub has not seen: an offer will be needed, so it is fetched in parallel with the frame
 * @param onNews called if the frame has something to say after its last answer
 * @param signal aborted when nobody waits for the result any more
 */
export function runSync(
  { hub, endpoint, timeout }: Required<ClientOptions>,
  { state, createBinding, openFrame, choice }: SyncFrame,
  isChanged: boolean,
  onNews: () => void,
  signal: AbortSignal,
): Promise<SyncResult> {
  return new Promise((resolve) => {
    const abort = new window.AbortController()
    let requests = 0
    let ended: EndReason | undefined
    let frame: HubFrame | undefined
    let message: FrameMessage | undefined
    let hear: (message: FrameMessage) => void
    let timer: number | undefined

    // A thrown value may contain none of these; and if the page has closed the client, nobody reads the reason.
    const finish = ({ outcome = 'failed', reason, retryAfter }: Ending, replaced?: Replaced) => {
      window.clearTimeout(timer)
      abort.abort()
      hear = onNews
      resolve({
        outcome,
        reason: reason ?? (outcome === 'blocked' ? outcome : null),
        retryAfter,
        requests,
        replaced,
        ended,
        message,
        frame,
      })
    }
    signal.onabort = finish as () => void

    const ask = <Reply>(path: string, body: object) => {
      requests++
      return post<Reply>(endpoint + path, body, abort.signal)
    }
    const heard = () => new Promise<FrameMessage>((listen) => (hear = listen))

    const run = async () => {
      const { verifier, nonce } = await createBinding()
      const askOffer = () => ask<OfferReply>('/offer', { nonce })
      const early = isChanged ? askOffer() : undefined
      // Whether the offer is needed is only known below; until then nobody handles its failure. (`String`: a function that does nothing.)
      early?.catch(String)

      const first = heard()
      const open = () => {
        // The sync has ended, or the frame has already answered.
        if (message || abort.signal.aborted) return
        window.clearTimeout(timer)
        timer = window.setTimeout(finish, timeout, { reason: 'timeout' })
        frame?.close()
        requests++
        frame = openFrame(hub, nonce, state, (message) => {
          if (message) hear(message)
          else finish({ reason: 'unreachable' })
        })
      }
      open()
      window.setTimeout(() => {
        if (message || abort.signal.aborted) return
        // A router may have removed it together with the head of the previous page.
        if (!frame?.element.isConnected) open()
        else if (ofDocument('readyState') !== 'complete') {
          // The page may load in the very moment in which the frame is removed: so the listener comes first, and the frame a moment later.
          window.addEventListener('load', () => window.setTimeout(open))
          // The page may never load, so this is limited too. The frame's own limit stops in the meantime: a slow page does not mean a slow hub.
          window.clearTimeout(timer)
          timer = window.setTimeout(open, timeout)
          frame.close()
        }
      }, PATIENCE_MS)
      message = await first
      if (message.outcome === 'offer') {
        const offered = await (early ?? askOffer())
        ended = offered.ended
        const second = heard()
        requests++
        frame?.send({ offer: offered.offer, choice })
        message = await second
      }
      const { ticket } = message
      finish(message, ticket ? await ask<RedeemReply>('/redeem', { ticket, verifier }) : undefined)
    }
    run().catch(finish)
  })
}

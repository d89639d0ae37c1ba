/** What page and frame say to each other by `postMessage`. Small: both ends of it are shipped to every visitor. */
import type { JsonObject } from './json.js'
import { type Choice, type NEWS, type Outcome, outcomes } from './wire.js'

/** From the frame to the page. Posted once when the frame has loaded, and once more for each offer and each click. */
export interface FrameMessage {
  readonly sessionHub: 1
  /** The nonce of the sync that this belongs to. */
  readonly nonce: string
  readonly outcome: Outcome
  readonly ticket?: string
  /** An error code, or why there is nothing to share, or why a click on the visible frame's button changed nothing. */
  readonly reason?: string
  /** With `conflict`: who is signed in at the hub, and what this site may see of that user. */
  readonly subject?: string
  readonly claims?: JsonObject
  /** With `failed`: in how many seconds the hub wants to be asked again, as its `Retry-After` said. */
  readonly retryAfter?: number
}

/** From the visible frame: so high, in CSS pixels, its button is. Said again whenever that changes. */
export interface HeightMessage {
  readonly sessionHub: 1
  readonly nonce: string
  readonly height: number
}

/** From the hub's page in a popup to the page that opened it, after the visitor's click there. */
export interface UnlockMessage {
  readonly sessionHub: 1
  readonly unlocked: true
}

/** From the page to the frame, after the outcome `offer`. `null`: the site has no session after all. */
export interface PageMessage {
  readonly sessionHub: 1
  readonly nonce: string
  readonly offer: string | null
  /** The visitor's own answer after a `conflict`; or that the page syncs only because something has changed elsewhere. */
  readonly choice?: Choice | typeof NEWS | undefined
  /** The visitor shares nothing in this browser from now on, or does again. */
  readonly forget?: boolean
}

/** Whether it is the frame's message, and not anything else that arrives in the page's mailbox. */
export const isFrameMessage = ((message: Untrusted<FrameMessage>, nonce: string) =>
  message?.sessionHub === 1 &&
  message.nonce === nonce &&
  outcomes.includes(message.outcome as Outcome) &&
  isAbsentOrText(message.ticket) &&
  isAbsentOrText(message.reason) &&
  isAbsentOrText(message.subject)) as (value: unknown, nonce: string) => value is FrameMessage

/** The page's message, or `undefined`. 4 KiB is the most that an offer may have; 8 KiB bound every message (R15). */
export const readPageMessage = ((message: Untrusted<PageMessage>, nonce: string) =>
  message?.sessionHub === 1 &&
  message.nonce === nonce &&
  (message.offer === null || (typeof message.offer === 'string' && message.offer.length <= 4096)) &&
  [undefined, 'hub', 'site', 'news'].includes(message.choice as Choice) &&
  [undefined, true, false].includes(message.forget as boolean)
    ? message
    : undefined) as (value: unknown, nonce: string) => PageMessage | undefined

type Untrusted<Message> = Partial<Record<keyof Message, unknown>> | null | undefined

/** In few bytes, for every visitor loads it: only a text is equal to itself as a text. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-template-expression -- it may be no text
const isAbsentOrText = (value: unknown) => [undefined, `${value as string}`].includes(value as string)

/** The messages between page and frame, sent by `postMessage`. They are small, because both ends are shipped to every visitor. */
import type { JsonObject } from './json.js'
import { type Choice, type NEWS, type Outcome, outcomes } from './wire.js'

/** From the frame to the page. Posted once when the frame has loaded, and again for each offer and each click. */
export interface FrameMessage {
  readonly sessionHub: 1
  /** The nonce of the sync to which this message belongs. */
  readonly nonce: string
  readonly outcome: Outcome
  readonly ticket?: string
  /** An error code, or the reason why there is nothing to share or why a click on the visible frame's button changed nothing. */
  readonly reason?: string
  /** With `conflict`: the user who is signed in at the hub, and what this site may see of that user. */
  readonly subject?: string
  readonly claims?: JsonObject
  /** With `failed`: after how many seconds to ask the hub again, from its `Retry-After`. */
  readonly retryAfter?: number
}

/** From the visible frame: the height of its button in CSS pixels. Sent again whenever it changes. */
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
  /** The visitor's choice after a `conflict`; or that the page syncs only because something has changed elsewhere. */
  readonly choice?: Choice | typeof NEWS | undefined
  /** The visitor stops sharing in this browser, or shares again. */
  readonly forget?: boolean
}

/** Whether this is the frame's message and not something else that was posted to the page. */
export const isFrameMessage = ((message: Untrusted<FrameMessage>, nonce: string) =>
  message?.sessionHub === 1 &&
  message.nonce === nonce &&
  outcomes.includes(message.outcome as Outcome) &&
  isAbsentOrText(message.ticket) &&
  isAbsentOrText(message.reason) &&
  isAbsentOrText(message.subject)) as (value: unknown, nonce: string) => value is FrameMessage

/** The page's message, or `undefined`. An offer has at most 4 KiB; 8 KiB bound every message (R15). */
export const readPageMessage = ((message: Untrusted<PageMessage>, nonce: string) =>
  message?.sessionHub === 1 &&
  message.nonce === nonce &&
  (message.offer === null || (typeof message.offer === 'string' && message.offer.length <= 4096)) &&
  [undefined, 'hub', 'site', 'news'].includes(message.choice as Choice) &&
  [undefined, true, false].includes(message.forget as boolean)
    ? message
    : undefined) as (value: unknown, nonce: string) => PageMessage | undefined

type Untrusted<Message> = Partial<Record<keyof Message, unknown>> | null | undefined

/** Short, because every visitor loads it: only a text equals its own conversion to text. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-template-expression -- it may not be a text
const isAbsentOrText = (value: unknown) => [undefined, `${value as string}`].includes(value as string)

/** The hub's frame, as the page sees it: hidden, or with a button in it. */
import { type FrameMessage, isFrameMessage, type PageMessage } from '../protocol/messages.js'
import { createElement, ofDocument } from './document.js'

export interface HubFrame {
  /** Tells the frame which session this site has; the answer arrives in the same way as the first. */
  readonly send: (message: Omit<PageMessage, 'sessionHub' | 'nonce'>) => void
  /** A page may remove it from the document, as routers do that replace the content. */
  readonly element: Element
  readonly close: () => void
}

/**
 * A frame speaks before it has loaded, or a moment later if it asks the hub once more. A frame that loads without a word is the browser's
 * error page, or was refused.
 */
const SILENCE_MS = 1000

/** Receives each message of the frame; called without one if the frame is not the hub's. */
export type FrameListener = (message?: FrameMessage) => void

function hide(element: HTMLIFrameElement): void {
  // Set by script, so that no style policy of the page prevents it; and `!important`, so that no style sheet that shows all frames shows this one.
  element.style = 'display:none!important'
  // A script that hydrates the whole document leaves unknown elements alone in the head, and nowhere else.
  ofDocument('head').append(element)
}

/**
 * Opens the hidden frame, or another one instead.
 *
 * @param show puts the element into the page
 */
export function openFrame(
  hub: string,
  nonce: string,
  state: string,
  listener: FrameListener,
  show = hide,
  path = '/frame',
  /** Appended to the query of the address. */
  query = '',
): HubFrame {
  const element = createElement('iframe')
  // None of these contains a character that has a meaning in a query.
  element.src = `${hub}${path}?site=${location.origin}&nonce=${nonce}&state=${state}${query}`
  // The hub answers only to this site's pages, and recognises them by this (R14).
  element.referrerPolicy = 'origin'
  let silence: number | undefined
  element.onload = () => (silence = window.setTimeout(listener, SILENCE_MS))

  const onMessage = ({ source, origin, data }: MessageEvent<FrameMessage | null>) => {
    // R15: from this very frame, of this very hub, about this very sync.
    if (source !== element.contentWindow || origin !== hub || !isFrameMessage(data, nonce)) return
    element.onload = null
    window.clearTimeout(silence)
    listener(data)
  }
  window.addEventListener('message', onMessage)
  show(element)

  return {
    send(message) {
      element.contentWindow?.postMessage({ sessionHub: 1, nonce, ...message } satisfies PageMessage, hub)
    },
    element,
    close() {
      window.clearTimeout(silence)
      window.removeEventListener('message', onMessage)
      element.remove()
    },
  }
}

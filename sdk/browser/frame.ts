/** The hub's frame, as the page sees it: hidden, or with a button in it. */
import { type FrameMessage, isFrameMessage, type PageMessage } from '../protocol/messages.js'
import { createElement, ofDocument } from './document.js'

export interface HubFrame {
  /** Tells the frame which session this site has; the answer comes like the first one. */
  readonly send: (message: Omit<PageMessage, 'sessionHub' | 'nonce'>) => void
  /** A page may take it out of the document, as routers do that replace what is in there. */
  readonly element: Element
  readonly close: () => void
}

/**
 * A frame speaks before it has loaded, or a moment later, where it asks the hub once more. One that loads in silence is the
 * browser's error page, or was refused.
 */
const SILENCE_MS = 1000

/** Hears each message of the frame; none, if the frame is not the hub's. */
export type FrameListener = (message?: FrameMessage) => void

function hide(element: HTMLIFrameElement): void {
  // By script, so that no style policy of the page is in the way; and no style sheet of it shows all frames.
  element.style = 'display:none!important'
  // A script that hydrates the whole document leaves alone what it does not know in there, and nowhere else.
  ofDocument('head').append(element)
}

/**
 * The hidden frame, or another one in its place.
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
  /** Goes on the address's query. */
  query = '',
): HubFrame {
  const element = createElement('iframe')
  // None of these has a character with a meaning of its own in there.
  element.src = `${hub}${path}?site=${location.origin}&nonce=${nonce}&state=${state}${query}`
  // The hub answers only to this site's pages, and knows them by this (R14).
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

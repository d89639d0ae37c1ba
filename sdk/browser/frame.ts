/** The hub's frame, as the page sees it: hidden, or with a button in it. */
import { type FrameMessage, type PageMessage, readFrameMessage } from '../protocol/messages.js'

export interface HubFrame {
  /** Tells the frame which session this site has; the answer comes like the first one. */
  readonly send: (message: Omit<PageMessage, 'sessionHub' | 'nonce'>) => void
  readonly close: () => void
}

/**
 * A frame speaks before it has loaded, or a moment later, where it asks the hub once more. One that loads in silence is the
 * browser's error page, or was refused.
 */
const SILENCE_MS = 1000

/** A page's load event waits for its frames, and a hub may hang: then the frame steps aside until the page has loaded. */
const PATIENCE_MS = 1000

/** Hears each message of the frame; none, if the frame is not the hub's. */
export type FrameListener = (message?: FrameMessage) => void

/** The hidden frame, or another one in its place. */
export interface Appearance {
  readonly path: string
  /** Goes on the address's query. */
  readonly query: string
  /** Puts the element into the page. */
  readonly show: (element: HTMLIFrameElement) => void
}

const hide: Appearance['show'] = (element) => {
  // Set by script, so that no style policy of the page is in the way.
  element.style.display = 'none'
  document.documentElement.append(element)
}

export function openFrame(
  hub: string,
  nonce: string,
  state: string,
  listener: FrameListener,
  { path = '/frame', query = '', show = hide }: Partial<Appearance> = {},
): HubFrame {
  const element = document.createElement('iframe')
  element.src = `${hub}${path}?site=${encodeURIComponent(origin)}&nonce=${nonce}${state && `&state=${state}`}${query}`
  // The hub answers only to this site's pages, and knows them by this (R14).
  element.referrerPolicy = 'origin'
  let silence: ReturnType<typeof setTimeout> | undefined
  element.onload = () => {
    silence = setTimeout(listener, SILENCE_MS)
  }

  const onMessage = ({ source, origin, data }: MessageEvent) => {
    // R15: from this very frame, of this very hub, about this very sync.
    const message = source === element.contentWindow && origin === hub && readFrameMessage(data, nonce)
    if (!message) return
    element.onload = null
    clearTimeout(silence)
    clearTimeout(patience)
    listener(message)
  }
  addEventListener('message', onMessage)

  let isOpen = true
  const patience = setTimeout(() => {
    if (document.readyState === 'complete') return
    // The page may load in the very moment in which the frame is gone: so first the listener, and the frame a moment later.
    addEventListener('load', () =>
      setTimeout(() => {
        if (isOpen) show(element)
      }),
    )
    element.remove()
  }, PATIENCE_MS)
  show(element)

  return {
    send(message) {
      element.contentWindow?.postMessage({ sessionHub: 1, nonce, ...message } satisfies PageMessage, hub)
    },
    close() {
      isOpen = false
      clearTimeout(silence)
      clearTimeout(patience)
      removeEventListener('message', onMessage)
      element.remove()
    },
  }
}

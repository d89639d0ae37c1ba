/**
 * The script of the hub's visible frame: it does what the hidden one does, and has a button with which the visitor lets the browser give the hub
 * its cookies here.
 */
import { begin, look, say, sayHeight } from '../frame/hub.js'

/** A button that has only just become visible may be there to catch a click that was aimed at something else. */
const SEEN_MS = 500
/** How much of the button has to be visible. */
const MOST = 0.9

/** Adds what Chromium has of the second version of this API: whether anything covers the button or dims it. */
interface Sight extends IntersectionObserverEntry {
  readonly isVisible?: boolean
}

const button = document.querySelector('button')
let seenSinceMs = Infinity
let isAsking = false

begin()
if (button) {
  const options = { threshold: MOST, trackVisibility: true, delay: 100 }
  new IntersectionObserver((sights: readonly Sight[]) => {
    for (const { isVisible, intersectionRatio, time } of sights) {
      if (!(isVisible ?? intersectionRatio >= MOST)) seenSinceMs = Infinity
      else if (seenSinceMs === Infinity) seenSinceMs = time
    }
  }, options).observe(button)
  // Its words may need more lines than the page expected, because of the visitor's font or because a phone was turned.
  new ResizeObserver(() => {
    sayHeight(Math.ceil(button.getBoundingClientRect().height))
  }).observe(button)
  button.onclick = ask
}

/** R17: only a real click of the visitor on a button that the visitor could see. */
function ask({ isTrusted, timeStamp }: MouseEvent): void {
  if (!isTrusted || isAsking) return
  if (timeStamp - seenSinceMs < SEEN_MS) {
    say({ outcome: 'blocked', reason: 'not_visible' })
    return
  }
  isAsking = true
  look()
    .then(say, () => {
      say({ outcome: 'blocked', reason: 'access_denied' })
    })
    .finally(() => {
      isAsking = false
    })
}

/** The steps that a request takes before the application gets it, for servers that continue by calling `next`. */
import { isPromise } from '../../settings/is-promise.js'
import type { SiteCore } from '../core.js'
import type { Visit } from '../visit.js'

type Next = (error?: unknown) => void

/** The SDK's endpoints: answers requests for them, and calls `next` for all others. */
export function passEndpoints(site: SiteCore, visit: Visit, next: Next): void {
  const answering = site.answer(visit)
  if (!answering) {
    next()
    return
  }
  const goOn = outside(next)
  answering.then((isAnswered) => {
    if (!isAnswered) goOn()
  }, goOn)
}

/** Takes a visitor's window to the hub and back, once in a browser session. */
export function passRedirectOnce(site: SiteCore, visit: Visit, next: Next): void {
  const going = site.redirectOnce(visit)
  if (!going) {
    next()
    return
  }
  const goOn = outside(next)
  going.then((reply) => {
    if (reply) visit.reply(reply)
    else goOn()
  }, goOn)
}

/** Gives the request its session. */
export function passSession(site: SiteCore, visit: Visit, takesBearer: boolean, next: Next): void {
  let opening
  try {
    opening = site.openSession(visit, takesBearer)
  } catch (thrown) {
    next(thrown)
    return
  }
  if (!isPromise(opening)) {
    next()
    return
  }
  const goOn = outside(next)
  opening.then(() => {
    goOn()
  }, goOn)
}

/** Calls `next` outside the promise: an exception from the rest of the application stays its own, and does not become an unhandled rejection. */
const outside =
  (next: Next): Next =>
  (error) => {
    process.nextTick(next, error)
  }

/** What a request goes through before the application has it, for servers that go on by `next`. */
import { isPromise } from '../../settings/is-promise.js'
import type { SiteCore } from '../core.js'
import type { Visit } from '../visit.js'

type Next = (error?: unknown) => void

/** The SDK's endpoints: what is theirs is answered, and `next` is not called. */
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

/** Shows the request its session. */
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

/** Outside of the promise: what the rest of the application throws is its own, and no rejection that nobody hears. */
const outside =
  (next: Next): Next =>
  (error) => {
    process.nextTick(next, error)
  }

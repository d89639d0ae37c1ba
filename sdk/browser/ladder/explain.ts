/** Where sharing stands, in words for the people who build the site. */
import type { Rung } from '../../protocol/wire.js'
import type { Status } from '../status.js'
import type { LadderKit } from './kit.js'

const NEEDS: Record<Rung, string> = {
  frame: 'third-party cookies, or a grant',
  access: 'a click: requestAccess() or accessButton()',
  link: 'decorate(), and a form-action that names the sister',
  redirect: 'redirect() on intent, or redirectOnce()',
}

export function explain({ hub, endpoint, rungs, client: { status } }: LadderKit): string {
  const { outcome, reason, rung, isBlocked } = status
  const text = [
    `Session Hub, ${hub}`,
    `Last sync: ${outcome ?? 'none needed'}, reason: ${reason ?? 'none'}, rung: ${rung ?? 'none'}.`,
    `The frame is ${isBlocked ? 'blocked by this browser' : 'not known to be blocked'}.`,
    ...Object.entries(NEEDS).map(
      ([each, needed]) =>
        `${each} ${rungs.includes(each as Rung) ? `needs ${needed}` : 'is forbidden here'}.`,
    ),
    ...workers().map(
      (worker) => `The service worker ${worker} must leave ${endpoint}/ alone: docs/ladder.md.`,
    ),
    `Next: ${nextStep(status)}.`,
  ].join('\n')
  // eslint-disable-next-line no-console -- somebody has asked for it
  console.info(text)
  return text
}

/** A navigation that it answers with a request of its own is none any more. */
const workers = () => {
  const worker = 'serviceWorker' in window.navigator && window.navigator.serviceWorker.controller
  return worker ? [worker.scriptURL] : []
}

function nextStep({ reason, rung, isBlocked, atMs }: Status): string {
  if (!atMs) return 'call sync()'
  if (reason === 'unreachable')
    return 'see the console: is the hub up, the site registered, the hub in frame-src?'
  if (reason === 'unavailable')
    return "see the log of this site's backend, then the hub's: a key, the registration, a clock or the store is wrong"
  if (isBlocked && !rung) return 'use another rung'
  return reason ? `look up "${reason}" in docs/errors.md` : 'nothing'
}

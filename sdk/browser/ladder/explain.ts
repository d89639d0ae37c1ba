/** Describes the state of sharing in words for the people who build the site. */
import type { Rung } from '../../protocol/wire.js'
import type { Status } from '../status.js'
import type { Refusal } from '../post.js'
import type { LadderKit } from './kit.js'

const NEEDS: Record<Rung, string> = {
  frame: 'third-party cookies, or a grant',
  access: 'a click: requestAccess() or accessButton()',
  link: 'decorate(), and a form-action that names the sister',
  redirect: 'redirect() on intent, or redirectOnce()',
}

/** If the page itself asks nobody anything for one of these reasons, neither does this. */
const SILENT = /^(bot|cookies_off|insecure_context|opted_out)$/

export async function explain(kit: LadderKit): Promise<string> {
  const { hub, endpoint, rungs, client } = kit
  const isAsked = !SILENT.test(String(client.status.reason))
  const fault = isAsked ? await askBackend(kit) : null
  const { outcome, reason, rung, isBlocked } = client.status
  const next =
    fault === 'unreachable'
      ? `mend the backend: POST ${endpoint}/sisters has to reach session-hub/site`
      : nextStep({ ...client.status, reason: fault ?? reason })
  const text = [
    `Session Hub, ${hub}`,
    `Last sync: ${outcome ?? 'none needed'}, reason: ${reason ?? 'none'}, rung: ${rung ?? 'none'}.`,
    `The frame is ${isBlocked ? 'blocked by this browser' : 'not known to be blocked'}.`,
    `This site's backend answers: ${isAsked ? (fault ?? 'fine') : 'not asked'}.`,
    ...Object.entries(NEEDS).map(
      ([each, needed]) =>
        `${each} ${rungs.includes(each as Rung) ? `needs ${needed}` : 'is forbidden here'}.`,
    ),
    ...workers().map(
      (worker) => `The service worker ${worker} must leave ${endpoint}/ alone: docs/ladder.md.`,
    ),
    `Next: ${next}.`,
  ].join('\n')
  // eslint-disable-next-line no-console -- the caller has asked for it
  console.info(text)
  return text
}

/**
 * Listing the sisters changes nothing, and the site asks the hub for the list: so wrong keys show even if the visitor has no session.
 *
 * @returns its error code; `unreachable`: the answer is not one of ours
 */
function askBackend({ endpoint, timeout, post }: LadderKit): Promise<string | null> {
  const abort = new window.AbortController()
  window.setTimeout(() => abort.abort(), timeout)
  return post(`${endpoint}/sisters`, {}, abort.signal).then(
    () => null,
    // eslint-disable-next-line @typescript-eslint/use-unknown-in-catch-callback-variable -- it throws nothing else
    ({ reason }: Refusal) => reason,
  )
}

/** If a service worker answers a navigation with a request of its own, that request is no longer a navigation. */
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

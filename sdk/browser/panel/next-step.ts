/** What to do about the state of sharing on a page, in one sentence for the people who build the site. */
import type { Status } from '../status.js'

const SILENT = 'The visitor needs a click or a link: call accessButton() or decorate(). See docs/ladder.md.'

/** The client's own reasons. All others are error codes, which have a page of their own. */
const STEPS: Readonly<Record<string, string>> = {
  blocked: SILENT,
  access_denied:
    'The visitor or the browser has refused. Links and redirects still work. See docs/ladder.md.',
  not_visible: 'Keep the button uncovered, and do not fade or clip it. Then the visitor can click again.',
  popup_blocked: 'Call requestAccess() directly in a click handler.',
  dismissed: 'Nothing to do: the visitor closed the window. The button stays.',
  referrer_missing:
    'Send a Referer: remove "no-referrer" from the Referrer-Policy. Links and redirects work without it.',
  rung_forbidden: 'The option "rungs" does not allow this. Add the rung, or use another one.',
  opted_out: 'Nothing to do: the visitor shares nothing. forget({ undo: true }) undoes that.',
  bot: 'Nothing to do: the SDK leaves bots alone. Check the user agent if you are not one.',
  insecure_context: 'Open the page over HTTPS, or on a loopback name such as shop.localhost.',
  cookies_off: 'Allow cookies for this site. A sandboxed page needs "allow-same-origin".',
  timeout: 'Check how long the hub takes, then the option "timeout".',
  unreachable: 'Look at the console: is the hub up, is this site registered, is the hub in frame-src?',
  unavailable:
    "Read the log of this site's backend, then the hub's: a key, the registration, a clock or the store is wrong.",
}

export function nextStep({ outcome, reason, rung, isBlocked, atMs }: Status): string {
  if (!atMs) return 'No sync yet. Call sync(), or press "Sync now".'
  if (outcome === 'conflict') return 'Ask the visitor which account to keep, then call resolve().'
  if (reason) return STEPS[reason] ?? `Look up "${reason}" in docs/errors.md.`
  return isBlocked && !rung ? SILENT : 'Nothing to do: sharing works here.'
}

/** The script of a site's page. It works with the site's own backend. The SDK only says when to look again. */
import type { Status } from 'session-hub'

import { isObject } from './cart.js'
import { ask, Refused } from './backend.js'
import { byId, one } from './elements.js'
import { log } from './log.js'
import { hideNotice, showNotice } from './notice.js'
import { endNews, tellNews } from './news.js'
import { hear, sdk } from './sdk.js'
import { endOffer, offerAccess } from './share.js'
import { explain, openPanel, showMissing, showSharing, showStatus, toggleSharing } from './sync-panel.js'
import { showVisitor } from './visitor.js'

// What the visitor does.

document.addEventListener('click', ({ target }) => {
  const button = target instanceof Element ? target.closest('button') : null
  const { add, remove } = button?.dataset ?? {}
  if (add !== undefined) void act('POST', '/cart', { item: add })
  if (remove !== undefined) void act('DELETE', `/cart/${encodeURIComponent(remove)}`)
})

byId('sign-in', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault()
  const field = byId('name', HTMLInputElement)
  void act('POST', '/sign-in', { name: field.value }).then((isDone) => {
    if (!isDone) return
    field.value = ''
    toYou()
  })
})

byId('sign-out', HTMLButtonElement).addEventListener(
  'click',
  () => void act('POST', '/sign-out', {}).then(toYou),
)

/** The pressed button is gone now. Without this, the keyboard would start at the top of the page again. */
const toYou = () => byId('you-title', HTMLElement).focus()

byId('sharing', HTMLButtonElement).addEventListener('click', () => void toggleSharing())
showSharing()
byId('panel', HTMLButtonElement).addEventListener('click', () => void openPanel())
byId('sync-now', HTMLButtonElement).addEventListener('click', () => void sdk()?.sync({ force: true }))

// What the SDK says. These are the two events that a site has to know.

hear('session-replaced', (detail) => {
  log('session-replaced', detail)
  void refresh()
})

hear('session-ended', (detail) => {
  log('session-ended', detail)
  void refresh()
})

// Says in words what has happened and, when two users meet, asks which account to keep.

hear('session-conflict', (detail) => {
  log('session-conflict', { subject: detail.subject })
})
tellNews()

// If the browser keeps the hub's cookie from this page, a click can change that.

hear('access-needed', (detail) => {
  log('access-needed', detail)
  offerAccess(detail.rungs)
})

// The rest is for the curious.

for (const name of ['synced', 'sync-failed'] as const) {
  addEventListener(name, ({ detail }) => {
    showSync(name, detail)
    // The session is the same, but another site may have changed its data since this page was made.
    if (detail.outcome === 'keep') void refresh()
    if (!detail.isBlocked) endOffer()
  })
}

one(document, '.explained', HTMLDetailsElement).addEventListener('toggle', () => void explain())

// The SDK loads beside this script and may have been faster. Its first events are then over.
const earlier = sdk()?.status
if (earlier && earlier.atMs > 0) {
  showSync(earlier.outcome === 'failed' ? 'sync-failed' : 'synced', earlier)
  void refresh()
}
addEventListener('load', () => {
  if (!sdk()) showMissing()
})

function showSync(name: 'synced' | 'sync-failed', status: Status): void {
  const { outcome, reason, rung, requests } = status
  log(name, { outcome, reason, rung }, requests)
  showStatus(status)
}

async function refresh(): Promise<void> {
  await shown(ask('GET', '/whoami'))
}

async function act(method: 'POST' | 'DELETE', path: string, body?: object): Promise<boolean> {
  endNews()
  const isDone = await shown(ask(method, path, body))
  log(`${method} ${path}`, isDone ? (body ?? {}) : { refused: true })
  // The other sites need not wait for the next page. If the session is still the same, this costs no request.
  await sdk()?.sync()
  return isDone
}

/** Shows the visitor again, or explains kindly why that is not possible. */
async function shown(answer: Promise<unknown>): Promise<boolean> {
  let visitor
  try {
    visitor = await answer
  } catch (error) {
    const code = error instanceof Refused ? error.code : 'unreachable'
    showNotice(code)
    if (code === 'session_ended') showVisitor({ subject: null, session: 'none', data: {} })
    return false
  }
  hideNotice()
  if (isObject(visitor)) showVisitor(visitor)
  return true
}

/** The outcome of the last sync, in numbers and in words. */
import type { Outcome, Rung, Status } from 'session-hub'

import { byId, one } from './elements.js'
import { sdk } from './sdk.js'

const WORDS: Readonly<Record<Outcome, string>> = {
  none: 'There is nothing to share yet.',
  keep: 'This site and the hub have the same session already.',
  replace: 'The hub gave this site the session that you have on the other sites.',
  adopt: 'The hub took over this site’s session, so the other sites can have it.',
  conflict: 'Somebody else is signed in on the other sites. Nothing changes until you choose an account.',
  offer: 'The hub asks which session this site has.',
  blocked:
    'This browser keeps the hub’s cookie from this page. Links to the other sites bring the session along.',
  failed: 'The other sites could not be reached. Nothing is lost, and this site keeps working.',
}

/** Sentences for sessions that did not come through the frame. */
const BROUGHT: Partial<Record<Rung, string>> = {
  access: 'You let the hub see its cookie here, and it gave this site the session of the other sites.',
  link: 'The link that you followed brought your session along.',
  redirect: 'The redirect through the hub brought your session along.',
}

const OPTED_OUT = 'You share nothing in this browser. Each site keeps what it has.'

const NOT_NEEDED = 'Nothing has changed since the last sync, so nothing was asked.'

export function showStatus({ outcome, reason, rung, requests }: Status): void {
  byId('requests', HTMLElement).textContent = String(requests)
  byId('outcome', HTMLElement).textContent = outcome ?? 'not needed'
  byId('rung', HTMLElement).textContent = rung ?? '–'
  byId('reason', HTMLElement).textContent = reason ?? '–'
  const brought = outcome === 'replace' && rung ? BROUGHT[rung] : undefined
  const notNeeded = reason === 'blocked' ? WORDS.blocked : NOT_NEEDED
  const words = outcome ? (brought ?? WORDS[outcome]) : notNeeded
  byId('words', HTMLElement).textContent = reason === 'opted_out' ? OPTED_OUT : words
  showSharing()
  document.documentElement.dataset.outcome = outcome ?? ''
  if (one(document, '.explained', HTMLDetailsElement).open) void explain()
}

/** Whether the visitor has opted out on this site: the SDK's own cookie says so. */
const isOff = () => document.cookie.includes('__Host-session-off=1')

export function showSharing(): void {
  byId('sharing', HTMLButtonElement).textContent = isOff() ? 'Share again' : 'Stop sharing'
  if (isOff()) byId('words', HTMLElement).textContent = OPTED_OUT
}

export async function toggleSharing(): Promise<void> {
  const status = await sdk()?.forget({ undo: isOff() })
  if (status) showStatus(status)
}

/** The SDK's own sentences, as a developer would print them in the console. */
export async function explain(): Promise<void> {
  const sentences = await sdk()
    ?.explain()
    .catch(() => 'They could not be loaded.')
  byId('explained', HTMLElement).textContent = sentences ?? 'There is no SDK on this page.'
}

/** The SDK's own panel for developers, which no visitor loads: this site's backend serves it beside the SDK. */
export async function openPanel(): Promise<void> {
  const path = '/session-hub/panel.js'
  const panel = (await import(path)) as typeof import('session-hub/panel')
  panel.openPanel()
}

export function showMissing(): void {
  byId('words', HTMLElement).textContent =
    'The hub does not answer, so this page has no SDK. This site keeps working on its own.'
  byId('sync-now', HTMLButtonElement).disabled = true
  byId('sharing', HTMLButtonElement).disabled = true
  document.documentElement.dataset.outcome = 'failed'
}

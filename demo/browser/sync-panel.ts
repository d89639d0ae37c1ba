/** What the last sync came to, in numbers and in words. */
import type { Client, Outcome, Status } from 'session-hub'

import { byId } from './elements.js'

/** The SDK's global; absent where the script could not be loaded. */
export const sdk = (): Client | undefined => (globalThis as { SessionHub?: Client }).SessionHub

const WORDS: Readonly<Record<Outcome, string>> = {
  none: 'There is nothing to share yet.',
  keep: 'This site and the hub have the same session already.',
  replace: 'The hub gave this site the session that you have on the other sites.',
  adopt: 'The hub took over this site’s session, so the other sites can have it.',
  conflict: 'Somebody else is signed in on the other sites. Both stay as they are.',
  offer: 'The hub asks which session this site has.',
  blocked: 'This browser keeps the hub’s cookie from other sites. This site goes on by itself.',
  failed: 'The hub could not be asked. Nothing is lost; this site goes on by itself.',
}

const NOT_NEEDED = 'Nothing has changed since the last sync, so nothing was asked.'

export function showStatus({ outcome, reason, requests }: Status): void {
  byId('requests', HTMLElement).textContent = String(requests)
  byId('outcome', HTMLElement).textContent = outcome ?? 'not needed'
  byId('reason', HTMLElement).textContent = reason ?? '–'
  byId('words', HTMLElement).textContent = outcome ? WORDS[outcome] : NOT_NEEDED
  document.documentElement.dataset.outcome = outcome ?? ''
}

export function showMissing(): void {
  byId('words', HTMLElement).textContent =
    'The hub does not answer, so there is no SDK on this page. This site goes on by itself.'
  byId('sync-now', HTMLButtonElement).disabled = true
  document.documentElement.dataset.outcome = 'failed'
}

/**
 * The script of the hub's page in a popup: after a click here, some browsers let the hub's frame in the site's page have its
 * cookies.
 */
import type { UnlockMessage } from '../../../sdk/protocol/messages.js'

const { site } = JSON.parse(document.getElementById('data')?.textContent ?? '') as { readonly site: string }
const button = document.querySelector('button')
const said = document.querySelector('[role=status]')

if (button)
  button.onclick = ({ isTrusted }) => {
    if (isTrusted) void unlock()
  }

async function unlock(): Promise<void> {
  const reply = await window
    .fetch('/unlock', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-session-hub': '1' },
      body: '{}',
    })
    .catch(() => undefined)
  if (reply?.ok) {
    // Only a page of that site can read it, whoever opened this.
    ;(window.opener as Window | null)?.postMessage(
      { sessionHub: 1, unlocked: true } satisfies UnlockMessage,
      site,
    )
    // A page that no script has opened stays.
    window.close()
  }
  if (said)
    said.textContent = reply?.ok ? 'Done. You can close this page.' : 'That did not work. Please try again.'
}

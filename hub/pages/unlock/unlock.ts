/**
 * The script of the hub's page in a popup: after a click here, some browsers give the hub's frame in the site's page its
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
    // Only a page of that site can read this message, whoever opened the popup.
    ;(window.opener as Window | null)?.postMessage(
      { sessionHub: 1, unlocked: true } satisfies UnlockMessage,
      site,
    )
    // A page that was not opened by a script stays open.
    window.close()
  }
  if (said)
    said.textContent = reply?.ok ? 'Done. You can close this page.' : 'That did not work. Please try again.'
}

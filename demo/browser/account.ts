/** The script of the user's own pages. They work without it; with it, they notice what happens elsewhere. */
import { byId } from './elements.js'
import { tellNews } from './news.js'
import { hear } from './sdk.js'

tellNews()
hear('session-ended', () => void renew())
hear('session-replaced', () => void renew())

/** Fetches the page again, because the backend makes these pages for the user who is signed in now. */
async function renew(): Promise<void> {
  const reply = await fetch(location.pathname).catch(() => undefined)
  if (!reply?.ok) return
  const fresh = new DOMParser().parseFromString(await reply.text(), 'text/html')
  const hadFocus = byId('account', HTMLElement).contains(document.activeElement)
  document.documentElement.dataset.session = fresh.documentElement.dataset.session ?? 'none'
  for (const id of ['chip', 'account']) {
    const part = fresh.getElementById(id)
    if (part) byId(id, HTMLElement).replaceWith(part)
  }
  if (hadFocus) byId('account-title', HTMLElement).focus()
}

/** The user's sessions, each with a button that ends it. */
import { browserName, type UserSession } from 'session-hub/site'

import { isHandheld } from '../handheld.js'
import { type Addresses, profiles, siteNames } from '../sites.js'
import { type AccountPage, accountPage, signInForm } from './account-page.js'
import { html, type Html } from './html.js'
import { picture } from './layout.js'

/** @param sessions `null` while the hub cannot be reached, `undefined` if nobody is signed in */
export function devicesPage(page: AccountPage, sessions: readonly UserSession[] | null | undefined): Html {
  // The cookie may name a user whose session the hub has just ended.
  const user = sessions === undefined ? { ...page, subject: null } : page
  return accountPage(user, 'Your devices', content(user, sessions))
}

function content({ addresses }: AccountPage, sessions: readonly UserSession[] | null | undefined): Html {
  if (sessions === undefined)
    return html`<p>Sign in to see where you are signed in.</p>
      ${signInForm('/devices')}`
  if (sessions === null)
    return html`<p>This list is not available right now. Try again in a moment.</p>
      ${everywhere}`
  return html`<p>
      Wherever you are signed in, on any of the three sites. If you do not recognize one, end it.
    </p>
    <ul class="devices">
      ${sessions.map((session) => device(session, addresses))}
    </ul>
    <div class="answers">${sessions.length > 1 ? others : ''} ${everywhere}</div>
    <p class="hint">Has somebody used your account? <a href="/password">Change your password</a></p>`
}

function device({ ref, site, agent, createdAt, seenAt, isCurrent }: UserSession, addresses: Addresses): Html {
  const browser = browserName(agent)
  const name = siteNames.find((one) => addresses[one] === site)
  return html`<li class="card device">
    ${picture(isHandheld(agent) ? 'phone' : 'screen', '0 0 24 24')}
    <div>
      <h3>${browser} ${isCurrent ? html`<span class="this">This one</span>` : ''}</h3>
      <p>
        Signed in ${time(createdAt)}, on
        ${name ? html`<span class="from" data-from="${name}">${profiles[name].title}</span>` : site}
      </p>
      <p class="hint">Last seen ${lastSeen(seenAt)}</p>
    </div>
    ${isCurrent ? '' : endForm(ref, browser)}
  </li>`
}

const endForm = (ref: string, browser: string) =>
  html`<form method="post" action="/devices/end">
    <input type="hidden" name="ref" value="${ref}" />
    <button class="quiet">End<span class="unseen"> the session of ${browser}</span></button>
  </form>`

const others = html`<form method="post" action="/devices/end-others">
  <button class="quiet">End all others</button>
</form>`

const everywhere = html`<form method="post" action="/devices/sign-out-everywhere">
  <button class="quiet">Sign out everywhere</button>
</form>`

/** The hub records it once an hour. */
const HOUR_MS = 3_600_000

const lastSeen = (at: Date): Html =>
  Date.now() - at.getTime() < HOUR_MS ? html`within the last hour` : time(at)

const time = (at: Date): Html => html`<time datetime="${at.toISOString()}">${clock.format(at)}</time>`

/** In this machine's time zone, since the demo's visitors sit at this machine. */
const clock = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' })

/** What the user's own pages have in common. Only the backend makes them; the script just fetches them again. */
import type { Addresses, Profile } from '../sites.js'
import { html, type Html } from './html.js'
import { layout } from './layout.js'
import { masthead, scripts } from './masthead.js'
import { conflictCard, newsLine } from './news.js'
import { saying } from './sayings.js'

export interface AccountPage {
  readonly profile: Profile
  readonly addresses: Addresses
  /** The script element of the SDK. */
  readonly sdk: string
  readonly subject: string | null
  /** The sentence to show, as the address names it. */
  readonly said: unknown
}

export function accountPage(page: AccountPage, heading: string, content: Html): Html {
  const { profile, addresses, sdk, subject, said } = page
  return layout({
    look: profile.name,
    title: `${heading} · ${profile.title}`,
    addresses,
    session: subject === null ? 'none' : 'signed-in',
    head: scripts('account', sdk),
    body: html`
      ${masthead(profile, subject)}
      <main id="main" class="narrow">
        <a class="back" href="/">Back to ${profile.title}</a>
        ${newsLine(saying(said))} ${conflictCard}
        <section id="account" aria-labelledby="account-title">
          <h2 id="account-title" tabindex="-1">${heading}</h2>
          ${content}
        </section>
      </main>
    `,
  })
}

/** @param path the page to return to */
export const signInForm = (path: string): Html =>
  html`<form class="card" method="post" action="${path}/sign-in">
    <label for="name">Your name</label>
    <div class="field">
      <input id="name" name="name" required maxlength="80" autocomplete="nickname" spellcheck="false" />
      <button>Sign in</button>
    </div>
    <p class="hint">Any name will do. This is a demo: there is no password.</p>
  </form>`

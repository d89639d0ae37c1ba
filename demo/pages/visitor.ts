/** Shows who the visitor is. Both versions are always in the page; the style sheet shows the one that `data-session` names. */
import { initial } from '../browser/initial.js'
import { html, type Html } from './html.js'
import { picture } from './layout.js'

/** The visitor in the header, on every screen. */
export const visitorChip = (subject: string | null): Html =>
  html`<a class="chip" id="chip" href="/#you" data-shows="name">
    <span class="avatar" aria-hidden="true">
      <span class="if-guest">${picture('person', '0 0 24 24')}</span>
      <span class="if-user" data-initial>${initial(subject ?? '')}</span>
    </span>
    <span class="unseen">You:</span>
    <span class="if-guest">Guest</span>
    <span class="if-user" data-name>${subject ?? ''}</span>
  </a>`

export const visitorCard = (subject: string | null): Html =>
  html`<section class="card" id="you" aria-labelledby="you-title" data-shows="name">
    <h2 id="you-title" tabindex="-1">You</h2>
    <div class="if-user">
      <p>You are signed in as <strong data-name>${subject ?? ''}</strong>.</p>
      <div class="answers">
        <button type="button" class="quiet" id="sign-out">Sign out</button>
        <a class="button quiet" href="/devices">Your devices</a>
      </div>
      <p class="hint">Signing out ends the session on the other sites too.</p>
    </div>
    <form class="if-guest" id="sign-in">
      <label for="name">Your name</label>
      <div class="field">
        <input id="name" name="name" required maxlength="80" autocomplete="nickname" spellcheck="false" />
        <button>Sign in</button>
      </div>
      <p class="hint">Any name will do. This is a demo: there is no password.</p>
    </form>
  </section>`

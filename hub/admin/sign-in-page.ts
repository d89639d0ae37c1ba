/** Where an administrator signs in, and what is said where something fails. */
import { html } from './html.js'
import { own, type Page, type Visit } from './layout.js'
import { paths } from './paths.js'

export const signInPage = (visit: Visit, fault: string): Page => ({
  title: 'Sign in',
  content: html`<form class="card narrow" method="post" action="${paths.signIn}">
    ${own(visit)} ${fault === '' ? '' : html`<p class="fault" role="alert">${fault}</p>`}
    <label for="token">Your administrator’s token</label>
    <input
      id="token"
      name="token"
      type="password"
      required
      autocomplete="current-password"
      spellcheck="false"
    />
    <button>Sign in</button>
    <p class="hint">
      “session-hub admin token” makes one. The sign-in ends after eight hours, or with the browser.
    </p>
  </form>`,
})

export const faultPage = (words: string): Page => ({
  title: 'That did not work',
  content: html`<p class="fault" role="alert">${words}</p>
    <p><a href="${paths.sessions}">Back to the sessions</a></p>`,
})

/** The address that was asked for, once more, and now from a page of the hub's own. */
export const anewPage: Page = {
  title: 'One moment',
  content: html`<meta http-equiv="refresh" content="0" />
    <p><a href="">Go on</a></p>`,
}

/** The page where an administrator signs in, and the page for failures. */
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

/** For a window that a page elsewhere has sent here: nothing that its address asks for is done (R32). */
export const startPage: Page = {
  title: 'Administration',
  content: html`<p><a href="${paths.sessions}">Go to the sessions</a></p>`,
}

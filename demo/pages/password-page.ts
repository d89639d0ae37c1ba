/** A page that requires a recent sign-in. */
import { type AccountPage, accountPage, signInForm } from './account-page.js'
import { html, type Html } from './html.js'

export function passwordPage(page: AccountPage, { isRecent }: { isRecent: boolean }): Html {
  return accountPage(page, 'Change your password', isRecent ? change : ask(page.subject))
}

const change = html`<form class="card" method="post" action="/password">
  <p>You signed in a moment ago, so this page trusts that it is you.</p>
  <p class="hint">
    The demo has no passwords. What belongs to a new one can be seen all the same: your other devices are
    signed out.
  </p>
  <button>Pretend to change it</button>
</form>`

function ask(subject: string | null): Html {
  if (subject === null)
    return html`<p>Sign in first.</p>
      ${signInForm('/password')}`
  return html`<form class="card" method="post" action="/password/sign-in">
    <p>
      You are signed in as <strong>${subject}</strong>, but your sign-in is not recent. Somebody else may be
      using this device by now.
    </p>
    <input type="hidden" name="name" value="${subject}" />
    <p class="hint">Your own site would ask for the old password here.</p>
    <button>Sign in again as ${subject}</button>
  </form>`
}

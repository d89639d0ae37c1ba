/** Reports what happens to the session while the page is open: one line, and the question that only the visitor can answer. */
import { html, type Html } from './html.js'

/**
 * @param text the backend's own news, if any. It gets the focus, so that a new page is read out from there. Nothing surrounds it,
 *   not even a space: by that the style sheet and the script know whether there is any news
 */
export function newsLine(text = ''): Html {
  const focus = text ? html`autofocus` : ''
  return html`<p class="notice news" id="news" role="status" tabindex="-1" ${focus}>${text}</p>`
}

export const conflictCard: Html = html`<section
  class="card question"
  id="conflict"
  aria-labelledby="conflict-title"
  hidden
>
  <h2 id="conflict-title">Which account do you want to keep?</h2>
  <div class="answers">
    <button type="button" class="quiet" data-choice="site">Stay as <span data-here></span></button>
    <button type="button" class="quiet" data-choice="hub">Continue as <span data-there></span></button>
  </div>
  <p class="hint">Until you choose, both stay as they are.</p>
</section>`

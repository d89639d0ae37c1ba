/** For browsers that keep the hub's cookie from this page: explains what that means, and what a visitor can do about it. */
import { html } from './html.js'

export const shareCard = html`<section class="card share" id="share" aria-labelledby="share-title" hidden>
  <h2 id="share-title">On the other sites</h2>
  <p class="hint">
    This browser keeps the three sites apart. The links at the top bring your cart and your name along all the
    same. Without a link, there are two ways:
  </p>
  <div id="share-button"></div>
  <a class="button quiet" href="/session-hub/redirect?return=/">Bring it here</a>
  <p class="hint" id="share-said" role="status"></p>
</section>`

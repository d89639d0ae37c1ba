/** The cart. The page's script fills the same template, so its markup is written only once. */
import type { CartLine } from '../browser/cart.js'
import { html, type Html } from './html.js'

/** @param lines `null` while the hub cannot be reached */
export function cartCard(lines: readonly CartLine[] | null): Html {
  return html`<section class="card cart" aria-labelledby="cart-title" data-shows="cart">
    <h2 id="cart-title" tabindex="-1">Cart</h2>
    <p class="count" role="status">
      <span data-count>${lines ? lines.length : '–'}</span><span class="unseen"> in the cart</span>
    </p>
    <ul id="cart" aria-label="In the cart" data-known="${lines ? 'yes' : 'no'}">
      ${(lines ?? []).map(cartLine)}
    </ul>
    <p class="empty if-known">Nothing yet. Add something here, then look at another site.</p>
    <p class="empty if-unknown">The cart is not available right now. Nothing is lost.</p>
    <template id="cart-line">${cartLine({ id: '', item: '', from: '' })}</template>
  </section>`
}

const cartLine = ({ id, item, from }: Omit<CartLine, 'atMs'>): Html =>
  html`<li data-line="${id}">
    <span data-item>${item}</span>
    <span class="from" data-from="${from}"><span class="unseen">from </span>${from}</span>
    <button type="button" class="remove" data-remove="${id}" aria-label="Remove ${item}">×</button>
  </li>`

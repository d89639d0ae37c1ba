/** A site's one page. */
import type { CartLine } from '../browser/cart.js'
import type { Addresses, Item, Profile } from '../sites.js'
import { cartCard } from './cart-card.js'
import { html, type Html } from './html.js'
import { layout, picture, scene } from './layout.js'
import { masthead, scripts } from './masthead.js'
import { conflictCard, newsLine } from './news.js'
import { shareCard } from './share-card.js'
import { syncPanel } from './sync-panel.js'
import { visitorCard } from './visitor.js'

interface Visitor {
  readonly subject: string | null
  readonly session: string
  /** `null` while the hub cannot be reached. */
  readonly cart: readonly CartLine[] | null
}

export interface SitePage {
  readonly profile: Profile
  readonly addresses: Addresses
  readonly visitor: Visitor
  /** The script element of the SDK. */
  readonly sdk: string
}

export function sitePage({ profile, addresses, visitor, sdk }: SitePage): Html {
  return layout({
    look: profile.name,
    title: `${profile.title} · ${profile.tagline}`,
    addresses,
    session: visitor.session,
    head: scripts('page', sdk),
    body: html`
      ${masthead(profile, visitor.subject)}
      <main id="main">
        ${scene(profile.name, profile.pitch)}
        <p class="notice" id="notice" role="alert" hidden></p>
        ${newsLine()} ${conflictCard}
        <div class="columns">
          <section aria-labelledby="catalogue">
            <h2 id="catalogue">${profile.heading}</h2>
            <ul class="items">
              ${profile.items.map((item) => itemCard(item, profile.add))}
            </ul>
          </section>
          <aside aria-label="You and your cart">
            ${visitorCard(visitor.subject)} ${shareCard} ${cartCard(visitor.cart)}
          </aside>
        </div>
        ${syncPanel}
      </main>
    `,
  })
}

const itemCard = (item: Item, add: string) =>
  html`<li class="item">
    ${picture(item.picture, '0 0 160 120')}
    <h3>${item.name}</h3>
    <p>${item.about}</p>
    <button type="button" data-add="${item.name}">${add}<span class="unseen">: ${item.name}</span></button>
  </li>`

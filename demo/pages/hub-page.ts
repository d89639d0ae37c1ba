/** The hub's own page: what the demo is, and where to begin. */
import { type Addresses, profiles, siteNames } from '../sites.js'
import { html, type Html } from './html.js'
import { layout, scene } from './layout.js'

export function hubPage(addresses: Addresses): Html {
  const shop = profiles.shop.title
  return layout({
    look: 'hub',
    title: 'Session Hub · one session on several domains',
    addresses,
    session: 'none',
    head: '',
    body: html`
      <header class="masthead">
        <img src="/public/hub.svg" alt="" width="48" height="48" />
        <div>
          <h1>Session Hub</h1>
          <p>One visitor, several domains, one session</p>
        </div>
      </header>
      <main id="main">
        ${scene('hub', 'Three sites that share no domain. One cart, one sign-in.')}
        <div class="columns even">
          <section aria-labelledby="try">
            <h2 id="try">Try it</h2>
            <ol class="steps">
              <li>Open <a href="${addresses.shop}/">${shop}</a> and put something into the cart.</li>
              <li>
                From there, go on to ${profiles.travel.title} by its link at the top. The cart is there
                already. Add a trip.
              </li>
              <li>Go on to ${profiles.magazine.title}, and sign in with any name.</li>
              <li>Back on ${shop}: it knows you, and nothing is missing from the cart.</li>
              <li>Sign out on any of the three. All of them forget you.</li>
            </ol>
          </section>
          <section aria-labelledby="how">
            <h2 id="how">How it works</h2>
            <p>
              Each site keeps its own session in a cookie that its own backend sets, and that no script can
              read. This server, the hub, knows which sessions belong to the same browser.
            </p>
            <p>
              A site's page opens a small hidden frame of the hub. The frame answers with a ticket that is
              good for this site, this page and one use. The page hands the ticket to its backend, and the
              backend sets the cookie.
            </p>
            <p>
              A browser that keeps the hub's cookie from that frame has other ways: a link from one site to
              another brings the session along, one click lets the frame have the cookie, and a way over this
              server works in every browser. If the hub is down, each site keeps working on its own.
            </p>
          </section>
        </div>
        <section aria-labelledby="sites">
          <h2 id="sites">The sites</h2>
          <ul class="items">
            ${siteNames.map((name) => siteCard(name, addresses[name]))}
          </ul>
        </section>
      </main>
    `,
  })
}

const siteCard = (name: (typeof siteNames)[number], address: string) =>
  html`<li class="item" data-look="${name}">
    <img src="/public/${name}.svg" alt="" width="56" height="56" />
    <h3>${profiles[name].title}</h3>
    <p>${profiles[name].tagline}</p>
    <a class="button" href="${address}/">${address.replace('http://', '')}</a>
  </li>`

/** The pages of the sites in the store. */
import type { RegisteredSite, SiteState } from '../flows/administer-sites.js'
import type { OwnershipProof } from '../ownership/ownership.js'
import { html, type Html, type Part } from './html.js'
import { hidden, own, type Page, type Visit } from './layout.js'
import { sitePaths } from './paths.js'

export const siteAddress = (origin: string): string =>
  `${sitePaths.sites}?${new URLSearchParams({ site: origin })}`

const STATES: Readonly<Record<SiteState, string>> = {
  on: 'On',
  off: 'Off',
  pending: 'Waiting for proof of ownership',
}

export const sitesPage = (visit: Visit, sites: readonly RegisteredSite[], news: string): Page => ({
  title: 'Sites',
  news,
  here: 'sites',
  content: html`${said(news)}
    <p>These sites are in the hub’s store. Sites of the hub’s configuration are not listed here.</p>
    ${sites.length === 0 ? html`<p>There are none yet.</p>` : table(sites)} ${addForm(visit)}`,
})

const table = (sites: readonly RegisteredSite[]) =>
  html`<table role="table">
    <caption>
      ${sites.length === 1 ? '1 site' : html`${sites.length} sites`}
    </caption>
    <thead role="rowgroup">
      <tr role="row">
        ${['Site', 'State', 'Group', 'Application'].map(
          (name) => html`<th role="columnheader" scope="col">${name}</th>`,
        )}
      </tr>
    </thead>
    <tbody role="rowgroup">
      ${sites.map(
        ({ origin, state, terms }) =>
          html`<tr role="row">
            <td role="cell" data-name="Site"><a href="${siteAddress(origin)}">${origin}</a></td>
            <td role="cell" data-name="State">${STATES[state]}</td>
            <td role="cell" data-name="Group">${terms.group ?? ''}</td>
            <td role="cell" data-name="Application">${terms.app ?? ''}</td>
          </tr>`,
      )}
    </tbody>
  </table>`

const addForm = (visit: Visit) =>
  html`<form class="card narrow" method="post" action="${sitePaths.add}" aria-labelledby="add">
    ${own(visit)}
    <h2 id="add">Add a site</h2>
    <div>
      <label for="origin">Origin</label>
      <input
        id="origin"
        name="origin"
        required
        placeholder="https://shop.example"
        spellcheck="false"
        autocapitalize="none"
        aria-describedby="origin-hint"
      />
      <p class="hint" id="origin-hint">
        For preview hosts, write https://*.preview.example: it stands for every host with one more label.
      </p>
    </div>
    ${terms({})} ${check('prove', 'The owner has to prove that the domain is theirs first', true)}
    <div class="row"><button>Add the site</button></div>
  </form>`

export const sitePage = (visit: Visit, site: RegisteredSite, news: string, fault = ''): Page => ({
  title: site.origin,
  news: news || fault,
  here: 'sites',
  content: html`${said(news)} ${fault === '' ? '' : html`<p class="fault" role="alert">${fault}</p>`}
    <p>State: <strong>${STATES[site.state]}</strong></p>
    ${site.proof ? proof(visit, site, site.proof) : ''} ${changeForm(visit, site)} ${keysForm(visit, site)}
    <div class="row">
      ${
        site.state === 'pending'
          ? ''
          : act(visit, site, sitePaths.turn, site.state === 'on' ? 'Turn off' : 'Turn on', {
              name: 'turn',
              value: site.state === 'on' ? 'off' : 'on',
            })
      }
      ${act(visit, site, sitePaths.remove, 'Remove…')}
    </div>
    <p><a href="${sitePaths.sites}">All sites</a></p>`,
})

const proof = (visit: Visit, site: RegisteredSite, { token, file, record }: OwnershipProof) =>
  html`<section class="card narrow" aria-labelledby="proof">
    <h2 id="proof">Proof of ownership</h2>
    <p>Nothing is served until the owner of the domain has published this text: <code>${token}</code></p>
    <ul class="stack">
      ${file ? html`<li>as the file <code>${file.url}</code></li>` : ''}
      ${record ? html`<li>${file ? 'or ' : ''}as a TXT record of <code>${record.name}</code></li>` : ''}
    </ul>
    ${act(visit, site, sitePaths.prove, 'Check now')}
  </section>`

const changeForm = (visit: Visit, site: RegisteredSite) =>
  html`<form class="card narrow" method="post" action="${sitePaths.change}" aria-labelledby="change">
    ${own(visit)} ${hidden('origin', site.origin)}
    <h2 id="change">What the site may do</h2>
    ${terms(site.terms)}
    <div class="row"><button>Save</button></div>
  </form>`

const terms = ({ group = '', sisters = [], mayOffer = true, pairwise = false }: RegisteredSite['terms']) =>
  html`<div>
      <label for="group">Group</label>
      <input id="group" name="group" value="${group}" spellcheck="false" aria-describedby="group-hint" />
      <p class="hint" id="group-hint">
        The session is shared with the sites of this group only. Empty: with all that have none.
      </p>
    </div>
    <div>
      <label for="sisters">Sites that it may link to</label>
      <input
        id="sisters"
        name="sisters"
        value="${sisters.join(' ')}"
        spellcheck="false"
        aria-describedby="sisters-hint"
      />
      <p class="hint" id="sisters-hint">Their origins, separated by spaces.</p>
    </div>
    ${check('receive-only', 'It only receives: sessions that begin here do not become the hub’s', !mayOffer)}
    ${check('pairwise', 'It knows users by names of its own', pairwise)}`

const keysForm = (visit: Visit, site: RegisteredSite) => {
  const isUnderWay = site.signingKids.length > 1 || site.ticketKids.length > 1
  return html`<section class="card narrow" aria-labelledby="keys">
    <h2 id="keys">Keys</h2>
    <p>Signing: ${site.signingKids.join(', ')}. Tickets: ${site.ticketKids.join(', ')}.</p>
    ${
      isUnderWay
        ? html`<p>
              The keys are being changed. Forget the old ones when every process of the site has the new ones;
              forget the new ones if they are lost.
            </p>
            ${act(visit, site, sitePaths.rotate, 'Forget the old keys', { name: 'step', value: 'last' })}
            ${act(visit, site, sitePaths.rotate, 'Forget the new keys', { name: 'step', value: 'cancel' })}`
        : act(visit, site, sitePaths.rotate, 'Make new keys', { name: 'step', value: 'first' })
    }
  </section>`
}

/** The keys are shown once, to be copied: they are not kept here. */
export const keysPage = (visit: Visit, site: RegisteredSite, keys: object, words: string): Page => ({
  title: `Keys of ${site.origin}`,
  here: 'sites',
  content: html`<div class="card">
      <p>${words}</p>
      <pre tabindex="0" role="region" aria-label="The keys"><code>${JSON.stringify(keys)}</code></pre>
    </div>
    ${site.proof ? proof(visit, site, site.proof) : ''}
    <p><a href="${siteAddress(site.origin)}">Continue to the site</a></p>`,
})

export const removalPage = (visit: Visit, site: RegisteredSite): Page => ({
  title: `Remove ${site.origin}?`,
  here: 'sites',
  content: html`<form class="card narrow" method="post" action="${sitePaths.remove}">
    ${own(visit)} ${hidden('origin', site.origin)}
    <p>The hub forgets the site and its keys at once. To use it again, you would have to give it new keys.</p>
    <div class="row">
      <button name="sure" value="yes">Remove</button>
      <a class="button quiet" href="${siteAddress(site.origin)}">Keep</a>
    </div>
  </form>`,
})

const said = (news: string): Part => (news === '' ? '' : html`<p class="news" role="status">${news}</p>`)

function act(
  visit: Visit,
  { origin }: RegisteredSite,
  action: string,
  words: string,
  more?: { readonly name: string; readonly value: string },
): Html {
  return html`<form method="post" action="${action}">
    ${own(visit)} ${hidden('origin', origin)} ${more ? hidden(more.name, more.value) : ''}
    <button class="quiet">${words}</button>
  </form>`
}

const check = (name: string, words: string, isOn: boolean) =>
  html`<div class="row">
    <input type="checkbox" id="${name}" name="${name}" value="yes" ${isOn ? html`checked` : ''} />
    <label for="${name}">${words}</label>
  </div>`

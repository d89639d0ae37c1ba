/** Links to sister sites: they carry the session, but no part of it appears in an address. */
import type { LadderKit } from './kit.js'
import { ofDocument } from '../document.js'
import { create } from './create.js'
import { enter } from './enter.js'
import { createLinkTickets } from './link-tickets.js'
import { createSisters } from './sisters.js'

type Link = HTMLAnchorElement | HTMLAreaElement

/** The longest target that a sister accepts, in characters. Spelt out here, because importing the protocol's limits would make the SDK larger. */
const MAX_TARGET = 2000

/** Links that need something that a form does not do, or that lead to an endpoint, which `enter` refuses as a target. */
const LEFT_ALONE = '[download],[ping],[rel~=noreferrer],[referrerpolicy],[href*="/session-hub/"]'

/** A visitor does not notice a shorter delay. */
const WAIT_MS = 150

/** One set of listeners for all links of the page, present and future. */
export function decorateLinks(kit: LadderKit, signal: AbortSignal): void {
  const sisters = createSisters(kit)
  const tickets = createLinkTickets(kit)
  /** If the frame works, none of this is needed. Inside another page's frame it is useless, and a form may not be allowed to go anywhere. */
  const isNeeded = () =>
    window.top === window && (kit.client.status.isBlocked || !kit.rungs.includes('frame'))

  if (!signal.aborted && [...ofDocument('links')].some(leadsElsewhere)) void sisters.ask()

  const prepare = (event: Event) => {
    const link = isNeeded() && linkOf(event)
    if (!link || !leadsElsewhere(link)) return
    void sisters.ask().then(() => {
      if (sisters.has(link.origin)) tickets.prepare(link.origin)
    })
  }
  // Before all other listeners, because the page may stop these events.
  for (const begin of ['pointerdown', 'touchstart', 'focusin'])
    window.addEventListener(begin, prepare, { signal, capture: true, passive: true })

  // After all other listeners: a page that handles the click itself has said so by then.
  window.addEventListener(
    'click',
    (event) => {
      const link = isNeeded() && linkOf(event)
      if (!link || !isPlain(event) || !mayCarry(link) || !sisters.has(link.origin)) return
      const to = tickets.prepare(link.origin)
      if (to.reply?.ticket === null) return
      // The link as it is now: before the ticket arrives, the page may change it (R10) or remove it from the document.
      const way = copyOf(link)
      event.preventDefault()
      tickets.drop(link.origin)
      // The page's policy allows no form to go there.
      const refuse = () => {
        sisters.forget()
        way.click()
      }
      void Promise.race([to.arrival, new Promise((late) => window.setTimeout(late, WAIT_MS))]).then(() => {
        const { ticket, endpoint = '/session-hub' } = to.reply ?? {}
        if (ticket && isTakenAt(endpoint, way)) enter(way, { ticket, endpoint }, refuse)
        else way.click()
      })
    },
    { signal },
  )
}

/** The link that a click is on, also inside open shadow roots. An element that is not a link leads nowhere, even inside one. */
const linkOf = (event: Event) =>
  event
    .composedPath()
    .find((node) => /^(a|area|button|input|label|select|summary)$/.test((node as Element).localName)) as
    Link | undefined

const leadsElsewhere = (link: Link) => /^https?:$/.test(link.protocol) && link.origin !== location.origin

/** With another button or a modifier key, the visitor wants something other than to follow the link. */
const isPlain = (event: MouseEvent) =>
  !(
    event.defaultPrevented ||
    event.button ||
    event.ctrlKey ||
    event.metaKey ||
    event.shiftKey ||
    event.altKey
  )

const mayCarry = (link: Link) =>
  leadsElsewhere(link) &&
  // A click in editable text is for the text.
  !link.isContentEditable &&
  !link.matches(LEFT_ALONE) &&
  link.href.length <= MAX_TARGET

/** Only a path, so that no form can leave the sister (R10); and no link to what is below the endpoint, as above. */
const isTakenAt = (endpoint: string, { pathname }: Link) =>
  /^(\/[\w-]+)+$/.test(endpoint) && !pathname.startsWith(`${endpoint}/`)

/** In no document, so that no listener receives a click on it. */
const copyOf = ({ href, rel, target }: Link) =>
  create('a', {
    href,
    rel,
    target: target || ofDocument('head').querySelector<HTMLBaseElement>('base[target]')?.target || '_self',
  })

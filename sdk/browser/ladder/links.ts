/** Links to sister sites: the session comes along, without anything of it in an address. */
import type { LadderKit } from './kit.js'
import { ofDocument } from '../document.js'
import { create } from './create.js'
import { enter } from './enter.js'
import { createLinkTickets } from './link-tickets.js'
import { createSisters } from './sisters.js'

type Link = HTMLAnchorElement | HTMLAreaElement

/** What a sister takes, in characters. Spelt out here: the protocol's table of limits would cost bytes. */
const MAX_TARGET = 2000

/** Links that ask for what a form does not do, or lead to an endpoint, to which `enter` leads nobody. */
const LEFT_ALONE = '[download],[ping],[rel~=noreferrer],[referrerpolicy],[href*="/session-hub/"]'

/** A visitor does not notice more. */
const WAIT_MS = 150

/** One set of listeners for all links of the page, present and future. */
export function decorateLinks(kit: LadderKit, signal: AbortSignal): void {
  const sisters = createSisters(kit)
  const tickets = createLinkTickets(kit)
  /** Where the frame works, nothing of this is needed; in somebody's frame it is no use, and a form may go nowhere at all. */
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
  // First of all listeners: the page may keep these from going further.
  for (const begin of ['pointerdown', 'touchstart', 'focusin'])
    window.addEventListener(begin, prepare, { signal, capture: true, passive: true })

  // Last of all listeners: a page that goes its own way has said so by now.
  window.addEventListener(
    'click',
    (event) => {
      const link = isNeeded() && linkOf(event)
      if (!link || !isPlain(event) || !mayCarry(link) || !sisters.has(link.origin)) return
      const to = tickets.prepare(link.origin)
      if (to.reply?.ticket === null) return
      // As it is now: while the ticket is under way, the page may change it (R10), or take it out of the document.
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

/** What a click is for, also inside open shadow roots. What is no link leads nowhere, even if it stands in one. */
const linkOf = (event: Event) =>
  event
    .composedPath()
    .find((node) => /^(a|area|button|input|label|select|summary)$/.test((node as Element).localName)) as
    Link | undefined

const leadsElsewhere = (link: Link) => /^https?:$/.test(link.protocol) && link.origin !== location.origin

/** With another button or a key the visitor wants something else than to go there. */
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
  // A click there is for the text that it stands in.
  !link.isContentEditable &&
  !link.matches(LEFT_ALONE) &&
  link.href.length <= MAX_TARGET

/** A path alone, which no form leaves the sister by (R10); and no link to what is below it, as above. */
const isTakenAt = (endpoint: string, { pathname }: Link) =>
  /^(\/[\w-]+)+$/.test(endpoint) && !pathname.startsWith(`${endpoint}/`)

/** In no document, so that a click on it is heard by nobody. */
const copyOf = ({ href, rel, target }: Link) =>
  create('a', {
    href,
    rel,
    target: target || ofDocument('head').querySelector<HTMLBaseElement>('base[target]')?.target || '_self',
  })

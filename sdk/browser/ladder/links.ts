/** Links to sister sites: the session comes along, without anything of it in an address. */
import type { LadderKit } from './kit.js'
import { enter } from './enter.js'
import { createLinkTickets } from './link-tickets.js'
import { createSisters } from './sisters.js'

type Link = HTMLAnchorElement | HTMLAreaElement

/** What a sister takes, in characters. Spelt out here: the protocol's table of limits would cost bytes. */
const MAX_TARGET = 2000

/** A visitor does not notice more. */
const WAIT_MS = 150

/** One set of listeners for all links of the page, present and future. */
export function decorateLinks(kit: LadderKit, signal: AbortSignal): void {
  const sisters = createSisters(kit)
  const tickets = createLinkTickets(kit)
  /** Where the frame works, nothing of this is needed. */
  const isNeeded = () => kit.client.status.isBlocked || !kit.rungs.includes('frame')

  if (!signal.aborted && [...document.links].some(leadsElsewhere)) void sisters.ask()

  const prepare = (event: Event) => {
    const link = isNeeded() && linkOf(event)
    if (!link || !leadsElsewhere(link)) return
    void sisters.ask().then(() => {
      if (sisters.has(link.origin)) tickets.prepare(link.origin)
    })
  }
  // First of all listeners: the page may keep these from going further.
  for (const begin of ['pointerdown', 'touchstart', 'focusin'])
    addEventListener(begin, prepare, { signal, capture: true, passive: true })

  // Last of all listeners: a page that goes its own way has said so by now.
  addEventListener(
    'click',
    (event) => {
      const link = isNeeded() && linkOf(event)
      if (!link || !isPlain(event) || !mayCarry(link) || !sisters.has(link.origin)) return
      const to = tickets.prepare(link.origin)
      if (to.ticket === null) return
      event.preventDefault()
      tickets.drop(link.origin)
      const go = () => {
        if (to.ticket) enter(link, to.ticket, refuse)
        else follow(link)
      }
      // The page's policy allows no form to go there.
      const refuse = () => {
        sisters.forget()
        follow(link)
      }
      if (to.ticket) go()
      else void Promise.race([to.arrival, new Promise((late) => setTimeout(late, WAIT_MS))]).then(go)
    },
    { signal },
  )
}

/** Also inside open shadow roots. */
const linkOf = (event: Event): Link | undefined =>
  event
    .composedPath()
    .find((node): node is Link => node instanceof HTMLAnchorElement || node instanceof HTMLAreaElement)

const leadsElsewhere = (link: Link) => /^https?:$/.test(link.protocol) && link.origin !== origin

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
  !link.hasAttribute('download') &&
  !link.relList.contains('noreferrer') &&
  link.href.length <= MAX_TARGET

/** As the browser itself does; who has heard of the click does not hear of it again. */
function follow(link: Link): void {
  const mute = (event: Event) => {
    event.stopImmediatePropagation()
  }
  addEventListener('click', mute, true)
  link.click()
  removeEventListener('click', mute, true)
}

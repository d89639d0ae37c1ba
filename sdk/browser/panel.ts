/**
 * `session-hub/panel`, and `panel.js` beside the SDK: shows on the page what the SDK does, for the people who build the site. No visitor loads it.
 */
import type { Client } from './client.js'
import { createElement, ofDocument } from './document.js'
import { KEY } from './memory.js'
import { hear, type Said } from './panel/events.js'
import { nextStep } from './panel/next-step.js'
import { sheet } from './panel/sheet.js'
import { nothingYet, type Status } from './status.js'

/** How many events it keeps. */
const KEPT = 12

let closeOpen: (() => void) | undefined

/**
 * Opens the panel. A second call closes the first panel.
 *
 * @param client the document's own client; by default the panel finds it by itself, even if it is created later
 * @returns a function that closes the panel. The client stays open
 *
 * @example
 * // On a page with the script tag, in the browser's console:
 * const { openPanel } = await import('/session-hub/panel.js')
 * openPanel()
 */
export function openPanel(client?: Client): () => void {
  closeOpen?.()
  const stop = new window.AbortController()
  const host = createElement('div')
  const root = host.attachShadow({ mode: 'open' })
  root.adoptedStyleSheets = [sheet()]

  const facts = createElement('dl')
  const next = text('p', '')
  // Screen readers announce what changes here.
  next.setAttribute('role', 'status')
  const events = createElement('ol')
  const sentences = createElement('pre')
  const found = () => client ?? documentClient()

  const show = () => {
    const there = found()
    facts.replaceChildren(...factsOf(there?.status ?? nothingYet))
    next.textContent = there
      ? nextStep(there.status)
      : 'This page has no client yet. Add the script tag of the site, or call createClient().'
  }
  const note = ({ name, atMs, text: said }: Said) => {
    events.prepend(text('li', `${time(atMs)} ${name}: ${said}`))
    while (events.children.length > KEPT) events.lastChild?.remove()
    show()
  }
  const close = () => {
    stop.abort()
    host.remove()
    closeOpen = undefined
  }

  const section = createElement('section')
  section.setAttribute('aria-label', 'Session Hub')
  section.tabIndex = 0
  section.append(
    inside('header', text('h2', 'Session Hub'), button('Close', close)),
    facts,
    text('h3', 'What to do next'),
    next,
    buttons(
      button('Sync now', () => void found()?.sync({ force: true }).then(show)),
      button('Explain', () => {
        void (found()?.explain() ?? Promise.resolve('')).then((said) => (sentences.textContent = said))
      }),
    ),
    sentences,
    text('h3', 'Events since the panel was opened'),
    events,
  )
  section.addEventListener('keydown', ({ key }) => key === 'Escape' && close())
  root.append(section)
  hear(note, stop.signal)
  show()
  ofDocument('body').append(host)
  closeOpen = close
  return close
}

/** The client of the script tag, or the one that `createClient` has made: a document has only one. */
const documentClient = (): Client | undefined =>
  (window as unknown as Record<symbol, Client | undefined>)[Symbol.for(KEY)]

function factsOf({ outcome, reason, rung, isBlocked, requests, atMs }: Status): HTMLElement[] {
  const rows: Readonly<Record<string, string>> = {
    'Last sync': atMs ? time(atMs) : 'none yet',
    Outcome: outcome ?? (atMs ? 'not needed' : '–'),
    Reason: reason ?? '–',
    Rung: rung ?? '–',
    Frame: isBlocked ? 'blocked by this browser' : 'not known to be blocked',
    Requests: String(requests),
  }
  return Object.entries(rows).flatMap(([name, value]) => [text('dt', name), text('dd', value)])
}

const time = (atMs: number) => new Date(atMs).toLocaleTimeString()

/** Text only, so that nothing the panel shows can be markup. */
function text(tag: 'dd' | 'dt' | 'h2' | 'h3' | 'li' | 'p', words: string): HTMLElement {
  const element = createElement(tag)
  element.textContent = words
  return element
}

function inside(tag: 'div' | 'header', ...parts: readonly Node[]): HTMLElement {
  const element = createElement(tag)
  element.append(...parts)
  return element
}

function buttons(...parts: readonly Node[]): HTMLElement {
  const element = inside('div', ...parts)
  element.className = 'buttons'
  return element
}

function button(words: string, press: () => void): HTMLButtonElement {
  const element = createElement('button')
  element.type = 'button'
  element.textContent = words
  element.addEventListener('click', press)
  return element
}

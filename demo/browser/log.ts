/** The list of events, the newest first. */
import { byId, copyOf, one } from './elements.js'

const MOST = 50

export function log(event: string, detail: object, requests?: number): void {
  const line = copyOf('log-line')
  one(line, 'time', HTMLTimeElement).textContent = clock.format(new Date())
  one(line, '[data-event]', HTMLElement).textContent = event
  one(line, '[data-detail]', HTMLElement).textContent = written(detail)
  one(line, '[data-requests]', HTMLElement).textContent = requests === undefined ? '' : count(requests)
  // The style sheet colours the SDK's own events. Requests of the page to its backend stay grey.
  line.dataset.kind = event
  const list = byId('log', HTMLOListElement)
  list.prepend(line)
  while (list.childElementCount > MOST) list.lastElementChild?.remove()
}

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' })

const written = (detail: object) =>
  Object.entries(detail)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')

const count = (requests: number) => `${requests} ${requests === 1 ? 'request' : 'requests'}`

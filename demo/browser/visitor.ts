/** Shows who the visitor is and what is in the cart, without a reload. Text is only ever inserted as text. */
import { type CartLine, cartOf } from './cart.js'
import { byId, copyOf, one } from './elements.js'
import { initial } from './initial.js'

/** @param visitor an answer of `GET /whoami` */
export function showVisitor({ subject, session, data }: Record<string, unknown>): void {
  const name = typeof subject === 'string' ? subject : ''
  const lines = cartOf(data)
  const isOther = name !== document.querySelector('[data-name]')?.textContent
  const known = lineIds()

  document.documentElement.dataset.session = String(session)
  for (const element of document.querySelectorAll('[data-name]')) element.textContent = name
  for (const element of document.querySelectorAll('[data-initial]')) element.textContent = initial(name)
  for (const element of document.querySelectorAll('[data-count]')) element.textContent = String(lines.length)
  const cart = byId('cart', HTMLUListElement)
  cart.dataset.known = 'yes'
  keepFocus(cart, () => {
    cart.replaceChildren(...lines.map((line) => lineElement(line, !known.includes(line.id))))
  })

  // A subtle highlight: visitors should see that something has changed, and not be startled.
  if (isOther) highlight('name')
  if (known.join() !== lineIds().join()) highlight('cart')
}

function lineElement({ id, item, from }: CartLine, isNew: boolean): HTMLElement {
  const line = copyOf('cart-line')
  line.dataset.line = id
  line.classList.toggle('is-fresh', isNew)
  one(line, '[data-item]', HTMLElement).textContent = item
  const origin = one(line, '[data-from]', HTMLElement)
  origin.dataset.from = from
  origin.append(from)
  const remove = one(line, '[data-remove]', HTMLButtonElement)
  remove.dataset.remove = id
  remove.setAttribute('aria-label', `Remove ${item}`)
  return line
}

const lineIds = () =>
  [...document.querySelectorAll<HTMLElement>('#cart [data-line]')].map(({ dataset }) => dataset.line ?? '')

/** A visitor who removes lines by keyboard keeps their place, instead of landing at the top of the page. */
function keepFocus(cart: HTMLElement, change: () => void): void {
  const buttons = () => [...cart.querySelectorAll('button')]
  const index = buttons().findIndex((button) => button === document.activeElement)
  change()
  if (index >= 0) (buttons()[index] ?? buttons().at(-1) ?? byId('cart-title', HTMLElement)).focus()
}

function highlight(what: 'name' | 'cart'): void {
  for (const element of document.querySelectorAll(`[data-shows=${what}]`)) {
    element.classList.add('is-fresh')
    element.addEventListener('animationend', () => element.classList.remove('is-fresh'), { once: true })
  }
}

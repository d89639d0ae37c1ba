/** One calm sentence where something could not be done. */
import { byId } from './elements.js'

const SENTENCES: Readonly<Record<string, string>> = {
  unavailable:
    'The hub does not answer right now. You can go on looking around; the cart will be back with it.',
  unreachable: 'This site does not answer. Is the demo still running?',
  session_ended: 'You were signed out on another site. Sign in again to go on.',
  request_invalid: 'That was not a text of 1 to 80 characters.',
  body_too_large: 'The cart is full.',
  data_too_large: 'The cart is full.',
}

export function showNotice(code: string): void {
  const notice = byId('notice', HTMLElement)
  notice.textContent = SENTENCES[code] ?? `That did not work (${code}).`
  notice.hidden = false
}

export function hideNotice(): void {
  byId('notice', HTMLElement).hidden = true
}

/** One calm sentence for something that could not be done. */
import { byId } from './elements.js'

const SENTENCES: Readonly<Record<string, string>> = {
  unavailable: 'The cart is not available right now. You can keep looking around; it will be back soon.',
  unreachable: 'This site does not answer. Is the demo still running?',
  session_ended: 'You were signed out on another site. Sign in again to continue.',
  request_invalid: 'Enter 1 to 80 characters.',
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

/** Follows a link by a form: the content of a POST appears in no address, no history and no Referer (R24). */

import { ofDocument } from '../document.js'
import { create, memberOf } from './create.js'

interface Bringing {
  readonly ticket: string
  /** The path of the sister's endpoints. */
  readonly endpoint: string
}

/**
 * How long the form's document has to stay after it was sent. Chromium checks the last redirect against the page's policy too, and reports a
 * violation nowhere else.
 */
const SENT_MS = 20_000

/** @param refuse called if the page's policy does not allow it */
export function enter(link: HTMLAnchorElement, { ticket, endpoint }: Bringing, refuse: () => void): void {
  const { target } = link
  const needsPage = keepsOpener(link)
  const page = needsPage ? document : openInner()
  const to = link.href.replace(/#.*/, '')
  const form = create(
    'form',
    {
      method: 'post',
      // Also in the address, for a service worker there that makes a request of its own without the form. The fragment goes to no server: a
      // browser carries it along by itself.
      action: `${link.origin}${endpoint}/enter${queryFor(to)}${link.hash}`,
      // Seen from the inner document, the page is the parent.
      target: target === '_self' ? '_parent' : target,
      rel: needsPage ? link.rel : 'noopener',
      hidden: true,
    },
    '',
    page,
  )
  for (const [name, value] of Object.entries({ ticket, to }))
    form.append(create('input', { name, value }, '', page))

  let isRefused = false
  const onViolation = ({ effectiveDirective }: Partial<SecurityPolicyViolationEvent>) => {
    if (isRefused || effectiveDirective !== 'form-action') return
    isRefused = true
    refuse()
  }
  memberOf(page, 'addEventListener').call(page, 'securitypolicyviolation', onViolation)
  memberOf(page, 'body').append(form)
  try {
    form.submit()
  } catch {
    // Firefox reports it in this way.
    onViolation({ effectiveDirective: 'form-action' })
  }
  window.setTimeout(() => {
    memberOf(page, 'removeEventListener').call(page, 'securitypolicyviolation', onViolation)
    form.remove()
    // This removes the inner document's frame only: the page itself has none, because links are not entered in a frame.
    page.defaultView?.frameElement?.remove()
  }, SENT_MS)
}

/** A sister refuses an address that is too long. Few are, and only a service worker of that kind is affected. */
function queryFor(to: string): string {
  const sent = encodeURIComponent(to)
  return sent.length < 4000 ? `?to=${sent}` : ''
}

/**
 * A window that opens has to find the page as its opener, not a document that will soon be gone. Other names, such as `_parent`, have their
 * meaning only in the page.
 */
const keepsOpener = ({ relList, target }: HTMLAnchorElement) =>
  target !== '_self' &&
  target !== '_top' &&
  !relList.contains('noopener') &&
  (target !== '_blank' || relList.contains('opener'))

/**
 * A document of our own, for its referrer policy: under the policy of many pages (`no-referrer` is helmet's default) a form does not say where
 * it comes from, and the sister has to refuse it (R10).
 */
function openInner(): Document {
  const frame = create('iframe', {}, 'display:none!important')
  ofDocument('head').append(frame)
  const page = frame.contentDocument ?? document
  page.head.append(create('meta', { name: 'referrer', content: 'strict-origin' }, '', page))
  return page
}

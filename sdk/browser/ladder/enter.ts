/** Follows a link by a form: what is in a POST stands in no address, no history and no Referer (R24). */

import { ofDocument } from '../document.js'
import { create, memberOf } from './create.js'

interface Bringing {
  readonly ticket: string
  /** Where the sister's endpoints are. */
  readonly endpoint: string
}

/**
 * So long the form's document has to stay after it was sent. Chromium holds the page's policy against the last redirect too, and
 * tells nobody else.
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
      // In the address for a service worker there that makes a request of its own, without the form. The fragment is for no server: a browser
      // takes it along by itself.
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
    // Firefox says it so.
    onViolation({ effectiveDirective: 'form-action' })
  }
  window.setTimeout(() => {
    memberOf(page, 'removeEventListener').call(page, 'securitypolicyviolation', onViolation)
    form.remove()
    // Of the page itself there is none: in a frame, no link is entered.
    page.defaultView?.frameElement?.remove()
  }, SENT_MS)
}

/** A sister refuses an address that is too long. Few are, and only such a worker loses by that. */
function queryFor(to: string): string {
  const sent = encodeURIComponent(to)
  return sent.length < 4000 ? `?to=${sent}` : ''
}

/**
 * A window that opens has to find the page as its opener, not a document that is soon gone. Other names, such as `_parent`, mean
 * the same in the page only.
 */
const keepsOpener = ({ relList, target }: HTMLAnchorElement) =>
  target !== '_self' &&
  target !== '_top' &&
  !relList.contains('noopener') &&
  (target !== '_blank' || relList.contains('opener'))

/**
 * A document of our own, for its referrer policy: under that of many a page (`no-referrer` is the default of helmet, for one) a
 * form says that it comes from nowhere, and the sister has to refuse it (R10).
 */
function openInner(): Document {
  const frame = create('iframe', {}, 'display:none!important')
  ofDocument('head').append(frame)
  const page = frame.contentDocument ?? document
  page.head.append(create('meta', { name: 'referrer', content: 'strict-origin' }, '', page))
  return page
}

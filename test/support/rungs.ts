/** How a session comes from one site to another on each rung of the ladder, as a visitor's browser does it. */
import type { Rung } from '../../sdk/protocol/wire.js'
import type { DrivenPage } from './driven-page.js'
import { untilDecorated } from './sister-links.js'

export interface Visitor {
  readonly page: DrivenPage
  /** The hub's origin. */
  readonly hub: string
  /** That of a site which the hub knows. */
  readonly site: string
}

export interface Climb {
  readonly rung: Rung
  /** Whether the browser asks its visitor. */
  readonly isAsked?: true
  /** Before the first journey, where the browser wants to have seen this visitor at the hub. */
  readonly greet?: (visitor: Visitor) => Promise<void>
  /** On a page whose session is new: so that the hub has it, where this rung goes by the hub. */
  bring(visitor: Visitor): Promise<void>
  /** From there to the door of the other site. */
  approach(visitor: Visitor, to: string): Promise<void>
  /** Until the other site has the session. */
  take(visitor: Visitor): Promise<void>
}

export const byRedirect: Climb = {
  rung: 'redirect',
  bring: redirect,
  approach: visit,
  take: redirect,
}

export const byLink: Climb = {
  rung: 'link',
  bring: () => Promise.resolve(),
  approach: offerLink,
  take: ({ page }) => comes(page, 'link', () => followLink(page)),
}

/** Chromium's: the button is in the hub's frame, and the browser asks. @param allow says yes to it */
export const byFrame = (allow: Step): Climb => ({
  isAsked: true,
  ...accessBy(async (visitor) => {
    await showFrameButton(visitor.page)
    await allow(visitor)
    await pressFrameButton(visitor.page)
  }),
})

/** Firefox's and WebKit's: the button opens a page of the hub's, with another one. */
export const byPopup = ({ isReady, ...rules }: PopupRules): Climb => ({
  ...rules,
  ...accessBy(async ({ page }) => {
    await isReady?.()
    await showAccessButton(page)
    await page.inPopup(
      () => page.click('#access button'),
      (popup) => popup.click('button'),
    )
    await page.until(() => SessionHub.status.rung === 'access')
  }),
})

type Step = (visitor: Visitor) => Promise<void>

/** Where the visitor has allowed it once, the frame does it from then on. */
const accessBy = (press: Step): Pick<Climb, 'rung' | 'bring' | 'approach' | 'take'> => ({
  rung: 'access',
  async bring(visitor) {
    const { isBlocked } = await visitor.page.sync()
    if (isBlocked) await press(visitor)
  },
  approach: visit,
  async take(visitor) {
    if (await visitor.page.run(() => SessionHub.status.isBlocked)) await press(visitor)
    else await visitor.page.sync()
  },
})

interface PopupRules {
  readonly greet?: Step
  /** Waits until the browser takes the next click for one. */
  readonly isReady?: () => Promise<void>
}

async function visit({ page }: Visitor, to: string): Promise<void> {
  await page.visit(to)
}

async function redirect({ page }: Visitor): Promise<void> {
  await comes(page, 'redirect', () =>
    page.run(() => {
      SessionHub.redirect()
    }),
  )
}

/** A link on the page, once the SDK knows that it leads to a sister. */
async function offerLink({ page }: Visitor, to: string): Promise<void> {
  await page.run((href) => {
    const link = document.createElement('a')
    Object.assign(link, { id: 'link', href, textContent: href })
    document.body.append(link)
    SessionHub.decorate()
  }, to)
  await untilDecorated(page)
}

/** As a visitor does who looks at a link before clicking: the ticket is there by then, on a slow machine too. */
async function followLink(page: DrivenPage): Promise<void> {
  await page.run(() => document.querySelector<HTMLElement>('#link')?.focus())
  await page.until(() =>
    performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/session-hub/link')),
  )
  await page.click('#link')
}

export const showAccessButton = (page: DrivenPage): Promise<void> =>
  page.run(() => {
    const place = document.createElement('div')
    place.id = 'access'
    document.body.append(place)
    SessionHub.accessButton(place, { label: 'Share my cart' })
  })

/** The same in Chromium, until the frame stands there. */
export const showFrameButton = (page: DrivenPage): Promise<void> =>
  untilFrameButton(page, () => showAccessButton(page))

/** The hub's visible frame, in the page or in a dialog. */
export const VISIBLE_FRAME = 'iframe[src*="/access?"]'

/**
 * Waits until the frame stands there and has said that it is blocked. A permission that comes before that is one which the browser
 * remembers: the frame takes it without a click, and is gone. Firefox 140 gives one for the click in the hub's window.
 *
 * @param show what makes the SDK show it
 */
export async function untilFrameButton(page: DrivenPage, show: () => Promise<void>): Promise<void> {
  await page.run((selector) => {
    addEventListener('message', ({ source }) => {
      const frame = document.querySelector<HTMLIFrameElement>(selector)
      if (frame && source === frame.contentWindow) frame.dataset.hasSpoken = 'yes'
    })
  }, VISIBLE_FRAME)
  await show()
  await page.until(
    (selector) =>
      document.querySelector(`${selector}[data-has-spoken]`) !== null || SessionHub.status.rung === 'access',
    VISIBLE_FRAME,
  )
}

/** How long to wait before the next press: Chromium drops a click on a frame that has just moved. */
const NEXT_PRESS_MS = 1000
/** After that nobody would press it any more. */
const PATIENCE_MS = 15_000

/** Presses until it counts, for the button has to have been in sight for a while; and until there is an answer. */
export async function pressFrameButton(page: DrivenPage): Promise<void> {
  const isAnswered = () => SessionHub.status.rung === 'access' || SessionHub.status.reason === 'access_denied'
  // It goes when its work is done, and may do so while it is looked for.
  const isThere = () => page.run((selector) => document.querySelector(selector) !== null, VISIBLE_FRAME)
  const untilMs = Date.now() + PATIENCE_MS
  while (!(await page.run(isAnswered))) {
    if (Date.now() > untilMs) throw new Error('The button was pressed and pressed, and there was no answer')
    const before = await page.run(() => SessionHub.status.atMs)
    await page.click(VISIBLE_FRAME).catch(async (error: unknown) => {
      if (await isThere()) throw error
    })
    await page.until(
      (atMs, giveUpMs) => SessionHub.status.atMs !== atMs || Date.now() > giveUpMs,
      before,
      Date.now() + NEXT_PRESS_MS,
    )
  }
}

/** Leaves the page, and waits on the next one until the session has come with it. */
async function comes(page: DrivenPage, rung: Rung, leave: () => Promise<void>): Promise<void> {
  await page.run(() => {
    Object.assign(window, { isLeft: true })
  })
  await leave()
  await page.until(
    (by) => !('isLeft' in window) && 'SessionHub' in window && SessionHub.status.rung === by,
    rung,
  )
}

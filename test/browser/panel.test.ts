/** The panel for developers: what it shows, what it keeps to itself, and that no visitor loads it. */
import axe from 'axe-core'
import { expect } from 'chai'

import type { openPanel } from '../../sdk/browser/panel.js'
import { inBrowser, type Stage } from '../support/stage.js'

const open = ({ tab: { page } }: Stage) =>
  page.evaluate(async (url) => {
    const panel = (await import(url)) as { openPanel: typeof openPanel }
    Object.assign(window, { closePanel: panel.openPanel() })
  }, '/session-hub/panel.js')

/** The one panel's text; empty where there is none. */
const shown = ({ tab: { page } }: Stage) =>
  page.evaluate(() => {
    const texts = [...document.querySelectorAll('*')].map(({ shadowRoot }) => shadowRoot?.textContent ?? '')
    return texts.filter((text) => text.includes('What to do next'))
  })

const press = ({ tab: { page } }: Stage, words: string) =>
  page.locator(`>>> button ::-p-text(${words})`).click()

const untilShown = (stage: Stage, words: string) =>
  stage.tab.until(
    (wanted) =>
      [...document.querySelectorAll('*')].some((one) => one.shadowRoot?.textContent.includes(wanted)),
    words,
  )

inPanel('allowed', (stage) => {
  it('is not loaded until somebody opens it', async () => {
    const asked: string[] = []
    stage.tab.page.on('request', (request) => asked.push(request.url()))
    await stage.tab.visit(stage.shop)
    expect(asked.filter((url) => url.includes('panel'))).to.deep.equal([])
    await open(stage)
    expect(asked.filter((url) => url.endsWith('/session-hub/panel.js'))).to.have.length(1)
  })

  it('shows the last sync and each event, under a content security policy that allows no inline style', async () => {
    await stage.tab.visit(stage.shop)
    await open(stage)
    await untilShown(stage, 'Outcomenone')
    // The SDK notices that by itself; what somebody presses afterwards is the next sync.
    await stage.tab.fetch('/cart', { item: 'boots' })
    await untilShown(stage, 'synced: adopt')
    await press(stage, 'Sync now')
    await untilShown(stage, 'synced: keep')
    await untilShown(stage, 'Outcomekeep')
    await untilShown(stage, 'Nothing to do: sharing works here.')
    await press(stage, 'Explain')
    await untilShown(stage, `Session Hub, ${stage.hub}`)
    const position = await stage.tab.page.evaluate(() => {
      const section = [...document.querySelectorAll('*')]
        .find((one) => one.shadowRoot)!
        .shadowRoot!.querySelector('section')!
      return getComputedStyle(section).position
    })
    expect(position).to.equal('fixed')
    expect(stage.tab.errors).to.deep.equal([])
  })

  it('contains no cookie, and nothing about the visitor', async () => {
    await stage.tab.visit(stage.shop)
    await stage.tab.fetch('/sign-in', { name: 'ada', claims: { name: 'Ada Lovelace' } })
    await stage.tab.sync()
    await stage.tab.visit(stage.travel)
    await open(stage)
    await stage.tab.page.evaluate(() => {
      for (const name of ['session-conflict', 'session-replaced'])
        dispatchEvent(
          new CustomEvent(name, {
            detail: { subject: 'grace', claims: { name: 'Hopper' }, reason: 'empty' },
          }),
        )
    })
    await press(stage, 'Explain')
    await untilShown(stage, 'session-conflict: another user is signed in at the hub')
    await untilShown(stage, 'Session Hub, ')
    const [text = ''] = await shown(stage)
    const cookies = await stage.browser.cookies()
    expect(cookies).to.not.be.empty
    for (const secret of [
      ...cookies.map(({ value }) => value).filter((value) => value.length > 8),
      'ada',
      'Ada',
      'grace',
      'Hopper',
    ])
      expect(text).to.not.include(secret)
  })

  it('is one, and closes by its function, its button and Escape', async () => {
    await stage.tab.visit(stage.shop)
    await open(stage)
    await open(stage)
    expect(await shown(stage)).to.have.length(1)
    await stage.tab.page.evaluate(() => {
      ;(window as unknown as { closePanel: () => void }).closePanel()
    })
    expect(await shown(stage)).to.have.length(0)
    await open(stage)
    await press(stage, 'Close')
    expect(await shown(stage)).to.have.length(0)
    await open(stage)
    await stage.tab.page.focus('>>> section')
    await stage.tab.page.keyboard.press('Escape')
    expect(await shown(stage)).to.have.length(0)
  })

  it('says so where the page has no client', async () => {
    await stage.tab.page.goto(`${stage.shop}/plain`)
    await open(stage)
    expect((await shown(stage))[0]).to.include('This page has no client yet.')
  })

  it('gives axe nothing to find, light and dark @all', async () => {
    await stage.tab.visit(stage.shop)
    await open(stage)
    await press(stage, 'Explain')
    await untilShown(stage, 'Session Hub, ')
    for (const scheme of ['light', 'dark']) {
      await stage.tab.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }])
      await stage.tab.page.evaluate(axe.source)
      const found = await stage.tab.page.evaluate(async () => {
        const host = [...document.querySelectorAll('*')].find((one) => one.shadowRoot)!
        const { violations, passes } = await (window as unknown as { axe: typeof axe }).axe.run(host)
        return {
          violations: violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`),
          passed: passes.length,
        }
      })
      expect(found.violations, scheme).to.deep.equal([])
      expect(found.passed).to.be.above(5)
    }
  })
})

inPanel('blocked', (stage) => {
  it('says that the browser blocks the frame, and what to do next', async () => {
    await stage.tab.visit(stage.shop)
    await open(stage)
    await untilShown(stage, 'blocked by this browser')
    expect((await shown(stage))[0]).to.include('The visitor needs a click or a link')
  })
})

function inPanel(kind: 'allowed' | 'blocked', tests: (stage: Stage) => void): void {
  describe(`the panel, where cookies are ${kind}`, () => {
    inBrowser(kind, tests)
  })
}

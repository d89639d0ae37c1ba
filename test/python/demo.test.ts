/** The service in Python beside `npm start`: a browser brings it the cookie of the shop, which listens on another port of that host. */
import { expect } from 'chai'

import { type Demo, startDemo } from '../../demo/world.js'
import { startBrowser, type TestBrowser } from '../support/browser.js'
import { needPython, type PythonService, startPythonService } from '../support/python.js'

describe('the service in Python beside the demo', () => {
  let python: string
  let demo: Demo
  let service: PythonService
  let browser: TestBrowser

  before(function () {
    python = needPython(this)
  })
  for (const kind of ['allowed', 'firefox'] as const)
    describe(`in ${kind === 'firefox' ? 'Firefox @all' : 'Chromium'}`, () => {
      before(async () => {
        demo = await startDemo({ portBase: 0 })
        service = await startPythonService(python, { site: demo.addresses.shop })
        browser = await startBrowser(kind)
      })
      after(async () => {
        await browser.close()
        await service.close()
        await demo.close()
      })

      it('does it greet the visitor by name, once there is one?', async () => {
        const { page } = await browser.newPage()
        const greeter = service.origin.replace('127.0.0.1', 'shop.localhost')
        const greeting = async () => {
          await page.goto(greeter)
          return page.evaluate(() => document.body.textContent.trim())
        }
        expect(await greeting()).to.include('token_missing')
        // A document of the shop without the SDK: Firefox may take a frame whose load ends with the page for a failure of the next page.
        await page.goto(`${demo.addresses.shop}/public/shop.svg`)
        const status = await page.evaluate(async () => {
          const headers = { 'content-type': 'application/json' }
          const reply = await fetch('/sign-in', { method: 'POST', headers, body: '{"name":"Ada"}' })
          return reply.status
        })
        expect(status).to.equal(200)
        expect(await greeting()).to.equal('Hello, Ada!')
      })
    })
})

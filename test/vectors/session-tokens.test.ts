/** The test vectors, by `verifySession`: under Node from the package, and in a page of a real browser from the very same file. */
import { expect } from 'chai'
import express from 'express'
import { type SessionHubError, type VerifyOptions, verifySession } from 'session-hub/verify'

import { startBrowser, type TestBrowser } from '../support/browser.js'
import { listen, type Listener } from '../support/listener.js'
import { outcomeOf, vectors, verifyOptionsOf } from '../support/vectors.js'

describe('a test vector', () => {
  for (const vector of vectors) {
    const { name, token, now, error = 'taken' } = vector
    it(`${name}: ${error}`, async () => {
      const options: VerifyOptions = { ...verifyOptionsOf(vector), now: () => now * 1000 }
      const outcome = await verifySession(token, options).catch((thrown: unknown) => ({
        error: (thrown as SessionHubError).code,
      }))
      expect(outcome).to.deep.equal(outcomeOf(vector))
    })
  }

  it('is there one name for each, and of both kinds enough?', () => {
    expect(new Set(vectors.map(({ name }) => name)).size).to.equal(vectors.length)
    expect(vectors.filter(({ error }) => error === undefined)).to.have.length.above(15)
    expect(vectors.filter(({ error }) => error === 'token_invalid')).to.have.length.above(70)
    expect(vectors.filter(({ error }) => error === 'token_expired')).to.have.length.above(1)
  })
})

describe('session-hub/verify in a browser', () => {
  const root = new URL('../../../', import.meta.url)
  const importMap = JSON.stringify({ imports: { jose: '/jose/index.js' } })
  let listener: Listener
  let browser: TestBrowser

  before(async () => {
    listener = await listen('shop.localhost')
    listener.app.use('/dist', express.static(new URL('dist', root).pathname))
    listener.app.use('/jose', express.static(new URL('node_modules/jose/dist/webapi', root).pathname))
    listener.app.get('/', (_req, res) => {
      res.send(`<!doctype html><link rel=icon href=data:,><script type=importmap>${importMap}</script>`)
    })
    browser = await startBrowser('allowed')
  })
  after(async () => {
    await browser.close()
    await listener.close()
  })

  it('does it come to the same outcome for every vector, with nothing of Node’s there?', async () => {
    const { page, errors } = await browser.newPage()
    await page.goto(listener.origin)
    const asked = vectors.map((vector) => ({ ...vector, options: verifyOptionsOf(vector) }))
    const outcomes = await page.evaluate(async (all) => {
      const door = '/dist/verify.js'
      const { verifySession: verify } = (await import(door)) as { verifySession: typeof verifySession }
      const outcomes: object[] = []
      for (const { token, now, options } of all)
        outcomes.push(
          await verify(token, { ...options, now: () => now * 1000 }).catch((thrown: unknown) => ({
            error: (thrown as SessionHubError).code,
          })),
        )
      return { outcomes, node: ['process', 'Buffer', 'require'].filter((name) => name in globalThis) }
    }, asked)
    expect(outcomes.node).to.deep.equal([])
    for (const [index, vector] of vectors.entries())
      expect(outcomes.outcomes[index], vector.name).to.deep.equal(outcomeOf(vector))
    expect(errors).to.deep.equal([])
    expect(listener.seen.map(({ url }) => url)).to.include.members(['/dist/verify.js', '/jose/index.js'])
  })
})

/**
 * What docs/session.md and docs/frameworks/express.md say of Express 4: it hears of no rejected promise. An asynchronous handler that waits for a call of
 * ours and leaves its failure to Express ends the process, in production too, and the hub being away is enough; handed to `next`, it is an answer.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'

import { expect } from 'chai'

/** A process whose hub is away, and a visitor who fills a cart there. @returns what it says, and how it ends */
async function run(handler: string, environment: string): Promise<{ said: string; code: number | null }> {
  const program = `
    import { createServer, request } from 'node:http'
    import { once } from 'node:events'
    import express from 'express4'
    import { generateSite } from 'session-hub/hub'
    import { createSite } from 'session-hub/site'
    const origin = 'http://shop.localhost:1'
    const { keys } = await generateSite(origin)
    const site = await createSite({ origin, hub: 'http://127.0.0.1:9', keys })
    const heard = (handler) => (req, res, next) => handler(req, res).catch(next)
    const app = express()
    app.use(site.router, site.session())
    app.post('/cart', ${handler})
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const headers = { host: 'shop.localhost:1', origin }
    const req = request({ port: server.address().port, path: '/cart', method: 'POST', headers }).end()
    const [res] = await once(req, 'response')
    console.log('answered', res.statusCode)
    process.exit(0)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...process.env, NODE_ENV: environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  for (const output of [child.stdout, child.stderr])
    output.on('data', (text: Buffer) => (said += String(text)))
  const [code] = (await once(child, 'close')) as [number | null]
  return { said, code }
}

const waits = 'async ({ session }, res) => { res.json(await session.update({ cart: ["boots"] })) }'

describe('an asynchronous handler on Express 4, whose update() fails', () => {
  const everywhere = (handler: string) =>
    Promise.all(['production', 'development'].map((environment) => run(handler, environment)))

  it('ends the process where nobody hears of it, in production too, with the error’s code', async () => {
    for (const { said, code } of await everywhere(waits)) {
      expect(code).to.equal(1)
      expect(said).to.include("code: 'unavailable'").and.not.include('answered')
    }
  })

  it('is answered with the error’s status where it is handed to next', async () => {
    for (const { said, code } of await everywhere(`heard(${waits})`)) {
      expect(said).to.include('answered 503')
      expect(code).to.equal(0)
    }
  })
})

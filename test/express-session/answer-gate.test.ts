/** An answer waits until its session is saved, on a real server. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import { expect } from 'chai'

import { gateAnswer } from '../../sdk/express-session/answer-gate.js'
import { listen, type Listener } from '../support/listener.js'
import { send } from '../support/visitor.js'

describe('an answer that waits', () => {
  let listener: Listener
  /** Whether there is something to save. */
  let isDirty: boolean
  let settled: number
  let asked: number
  let outcome: () => Promise<void>
  let refused: unknown[]
  let onRefused: (res: ServerResponse) => void

  beforeEach(async () => {
    listener = await listen('gate.localhost')
    isDirty = true
    settled = asked = 0
    outcome = () => Promise.resolve()
    refused = []
    onRefused = (res) => {
      res.statusCode = 503
      res.end('sorry')
    }
  })
  afterEach(() => listener.close())

  /** What the application does, and what comes of it. */
  async function answered(act: (res: ServerResponse) => unknown): Promise<{ status: number; text: string }> {
    listener.use((_req, res) => {
      gateAnswer(res, {
        mayPass: () => {
          asked += 1
          return !isDirty
        },
        async settle() {
          settled += 1
          await new Promise((resolve) => setImmediate(resolve))
          await outcome()
          isDirty = false
        },
        refuse(error) {
          refused.push(error)
          onRefused(res)
        },
      })
      void act(res)
    })
    const { status, text } = await send(`${listener.origin}/`)
    return { status, text }
  }

  it('goes out as it was meant, in its order, after one saving', async () => {
    const returned: unknown[] = []
    const reply = await answered((res) => {
      const given = [res.writeHead(201), res.write('a'), res.write('b'), res.end('c')]
      returned.push(...given.map((one) => (one === res ? 'res' : one)))
    })
    expect(reply).to.deep.equal({ status: 201, text: 'abc' })
    expect(returned).to.deep.equal(['res', false, false, 'res'])
    expect(settled).to.equal(1)
  })

  it('does not wait between head and end, and waits for what has changed before the end', async () => {
    const reply = await answered(async (res) => {
      isDirty = false
      res.write('a')
      isDirty = true
      expect(res.write('b')).to.equal(true)
      expect(settled).to.equal(0)
      res.end('c')
      await once(res, 'finish')
    })
    expect(reply).to.deep.equal({ status: 200, text: 'abc' })
    expect(settled).to.equal(1)
  })

  it('asks once for an end, also where a middleware ends later', async () => {
    const reply = await answered((res) => {
      isDirty = false
      const end = res.end.bind(res)
      res.end = (() => {
        setImmediate(() => {
          isDirty = true
          end('late')
        })
        return res
      }) as typeof res.end
      res.end()
    })
    expect(reply.text).to.equal('late')
    expect([asked, settled]).to.deep.equal([1, 0])
  })

  /** How often a writer was told to go on, by the time that all is over. */
  async function drains(act: (res: ServerResponse) => unknown): Promise<number> {
    let count = 0
    await answered(async (res) => {
      res.on('drain', () => (count += 1))
      await act(res)
    })
    return count
  }

  for (const size of [1, 200_000])
    it(`tells a writer of ${size} bytes who was held back to go on, once`, async () => {
      const count = await drains(async (res) => {
        res.write('x'.repeat(size))
        await once(res, 'drain')
        setImmediate(() => res.end('y'))
      })
      expect(count).to.equal(1)
    })

  it('tells nobody to go on where nobody waits', async () => {
    const ended = drains((res) => {
      res.write('a')
      res.end('b')
    })
    expect(await ended).to.equal(0)
  })

  it('tells nobody to go on who has not written', async () => {
    const flushed = drains((res) => {
      res.flushHeaders()
      setImmediate(() => setImmediate(() => setImmediate(() => res.end())))
    })
    expect(await flushed).to.equal(0)
  })

  it('is another one where saving fails, and takes none of what belonged to the first', async () => {
    outcome = () => Promise.reject(new Error('down'))
    const seen: Record<string, unknown> = {}
    const errors: unknown[] = []
    let response!: ServerResponse
    const reply = await answered((res) => {
      response = res
      res.on('error', (error) => errors.push(error))
      res.setHeader('x-own', 'yes')
      res.setHeader('content-security-policy', "default-src 'none'")
      res.setHeader('content-type', 'text/csv')
      res.setHeader('etag', '"1"')
      res.write('paid')
      onRefused = () => {
        Object.assign(seen, res.getHeaders())
        res.statusCode = 503
        res.end('sorry')
      }
    })
    expect(reply).to.deep.equal({ status: 503, text: 'sorry' })
    expect(seen).to.deep.equal({ 'x-own': 'yes', 'content-security-policy': "default-src 'none'" })
    expect(refused.map(String)).to.deep.equal(['Error: down'])
    // The application goes on with what nobody wants any more.
    expect(response.write('more')).to.equal(false)
    expect(response.end()).to.equal(response)
    expect(errors).to.deep.equal([])
  })

  it('breaks off where it had begun before saving failed, unless the application ends it', async () => {
    outcome = () => Promise.reject(new Error('down'))
    const begun = (res: ServerResponse) => {
      isDirty = false
      res.write('begun ')
      isDirty = true
      res.end('ended')
    }
    onRefused = (res) => {
      res.end('(not all)')
    }
    expect((await answered(begun)).text).to.equal('begun (not all)')
    expect(refused).to.have.length(1)
  })

  it('breaks off where nobody ends it', async () => {
    outcome = () => Promise.reject(new Error('down'))
    onRefused = () => undefined
    const outcomeOf = await answered((res) => {
      isDirty = false
      res.write('begun ')
      isDirty = true
      res.end('ended')
    }).catch(() => 'broken off')
    expect(outcomeOf).to.equal('broken off')
  })
})

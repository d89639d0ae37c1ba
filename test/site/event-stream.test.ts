/** A site's end of the event stream, against a hub that is silent, slow, or speaks nonsense. */
import type { Request, Response } from 'express'
import { expect } from 'chai'
import { generateSite, type GeneratedSiteKeys } from 'session-hub/hub'

import { listen, type Listener } from '../support/listener.js'
import { type OwnStream, startOwnStream } from '../support/own-stream.js'
import { until } from '../support/until.js'

const SILENCE_MS = 150
const state = (index: number) => `s${index}`.padEnd(22, '_')
const epoch = 'e'.repeat(32)
const event = (index: number) =>
  `id: ${epoch}-${index}\nevent: ended\ndata: ${JSON.stringify({ session_tag: state(index), reason: 'revoked' })}\n\n`
const hello = `id: ${epoch}-0\nevent: hello\ndata: {}\n\n`

describe('a site’s event stream', () => {
  let hub: Listener
  let keys: GeneratedSiteKeys
  let own: OwnStream
  let answer: (res: Response, req: Request) => void

  beforeEach(async () => {
    hub = await listen('hub.localhost')
    hub.use((req, res) => answer(res, req))
    keys = (await generateSite('http://shop.localhost')).keys
  })
  afterEach(async () => {
    own.close()
    await hub.close()
  })

  const start = async (silenceMs?: number) => {
    own = await startOwnStream({ origin: 'http://shop.localhost', keys }, hub.origin, silenceMs)
  }
  const begin = (res: Response) => {
    res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    return res
  }
  const lastIds = () => hub.seen.map(({ headers }) => headers['last-event-id'])
  const says = (text: string) => {
    answer = (res) => void begin(res).write(text)
  }

  it('comes again, and says where it was, when the hub is silent for too long', async () => {
    says(hello + event(1) + event(2))
    await start(SILENCE_MS)
    await until(() => hub.seen.length === 3)
    expect(lastIds()).to.deep.equal([undefined, `${epoch}-2`, `${epoch}-2`])
    expect(own.heard.slice(0, 2)).to.deep.equal([state(1), state(2)])
  })

  it('stays where it is as long as anything is said', async () => {
    let beats = 0
    answer = (res) => {
      begin(res).write(hello)
      const beat = setInterval(() => {
        beats += 1
        res.write(':\n\n')
      }, SILENCE_MS / 10)
      res.on('close', () => clearInterval(beat))
    }
    // Longer than any pause of a busy machine.
    await start(5 * SILENCE_MS)
    await until(() => beats > 60)
    expect(hub.seen).to.have.lengthOf(1)
  })

  it('hears an event whole, in whatever pieces it comes', async () => {
    const text = hello + event(1) + event(2) + event(3)
    answer = (res) => {
      begin(res)
      const next = (at: number) => {
        res.write(text.charAt(at))
        if (at < text.length) setImmediate(next, at + 1)
      }
      next(0)
    }
    await start()
    await until(() => own.heard.length === 3)
    expect(own.heard).to.deep.equal([1, 2, 3].map(state))
  })

  describe('that hears what it cannot read', () => {
    for (const [name, data] of Object.entries({
      'no JSON': '{oops',
      'no state': '{"reason":"revoked"}',
      'a state of another form': '{"session_tag":"x","reason":"revoked"}',
      'another reason': `{"session_tag":"${state(1)}","reason":"tired"}`,
      'another member': `{"session_tag":"${state(1)}","reason":"revoked","more":1}`,
      'a member twice': `{"session_tag":"${state(1)}","session_tag":"${state(2)}","reason":"revoked"}`,
    })) {
      it(`(${name}) trusts nothing of before, and goes on with the next`, async () => {
        says(`${hello}id: ${epoch}-1\nevent: ended\ndata: ${data}\n\n${event(2)}`)
        await start()
        await until(() => own.heard.length === 1)
        expect(own.heard).to.deep.equal([state(2)])
        expect(own.resets()).to.equal(1)
        expect(hub.seen).to.have.lengthOf(1)
      })
    }

    it('(an event of another name) lets it pass', async () => {
      says(`${hello}id: ${epoch}-1\nevent: moved\ndata: {}\n\n${event(2)}`)
      await start()
      await until(() => own.heard.length === 1)
      expect(own.resets()).to.equal(0)
    })

    it('(an endless one) trusts nothing of before, and comes again', async () => {
      says(`${hello}${event(1)}id: ${epoch}-2\nevent: ended\ndata: ${'x'.repeat(100_000)}`)
      await start()
      await until(() => hub.seen.length === 2)
      expect(own.resets()).to.be.above(0)
      expect(lastIds()).to.deep.equal([undefined, `${epoch}-1`])
    })

    const bad = ['8', `${epoch}-`, `${epoch.slice(1)}-8`, `${epoch.toUpperCase()}-8`]
    const badNumbers = ['1,2', '-1', '١', '9'.repeat(16), '1\u0000'].map((number) => `${epoch}-${number}`)
    for (const id of [...bad, ...badNumbers, 'x'.repeat(5000)]) {
      it(`(an id such as ${JSON.stringify(id.replaceAll('e', '').slice(0, 8))}) does not send it back`, async () => {
        says(
          `${hello}${event(7)}id: ${id}\nevent: ended\ndata: ${JSON.stringify({ session_tag: state(8), reason: 'revoked' })}\n\n`,
        )
        await start(SILENCE_MS)
        await until(() => hub.seen.length === 2)
        expect(own.heard.slice(0, 2)).to.deep.equal([state(7), state(8)])
        expect(lastIds()[1]).to.equal(`${epoch}-7`)
      })
    }
  })

  describe('that is refused', () => {
    const refusals: Record<string, (res: Response) => void> = {
      'with a status': (res) => void res.status(401).json({ error: 'site_token_invalid' }),
      'by something else that answers': (res) => void res.type('html').send('<h1>Welcome</h1>'),
      'by a redirect': (res) => {
        res.redirect(302, 'http://elsewhere.localhost/')
      },
      'by a closed connection': (res) => void res.destroy(),
    }
    for (const [name, refuse] of Object.entries(refusals)) {
      it(`${name}: says so once, tries again, and says when it is back`, async () => {
        let times = 0
        answer = (res) => {
          times += 1
          if (times <= 3) refuse(res)
          else begin(res).write(hello + event(1))
        }
        await start()
        await until(() => own.heard.length === 1)
        const { log } = own
        expect(log.map(({ event: what }) => what)).to.deep.equal(['stream_lost', 'stream_back'])
        expect(log[0]?.description).to.match(/^The hub [a-z ]+\d*$/)
      })
    }

    it('comes again when the hub has said, as it ended the stream', async () => {
      const atMs: number[] = []
      answer = (res) => {
        atMs.push(performance.now())
        if (atMs.length === 1) begin(res).end(`${hello}retry: 1600\n\n`)
        else begin(res).write(hello + event(1))
      }
      await start()
      await until(() => own.heard.length === 1)
      expect(atMs[1]! - atMs[0]!, 'shortened by up to a half').to.be.at.least(790)
    })

    it('is not lost by one end of the stream', async () => {
      let times = 0
      answer = (res) => {
        times += 1
        if (times === 1) begin(res).end(hello)
        else begin(res).write(hello + event(1))
      }
      await start()
      await until(() => own.heard.length === 1)
      expect(own.log).to.deep.equal([])
    })
  })

  describe('that is closed', () => {
    it('while it waits for an answer: gives it up', async () => {
      let isGone = false
      answer = (res) => void res.on('close', () => (isGone = true))
      await start()
      await until(() => hub.seen.length === 1)
      own.close()
      await until(() => isGone)
      expect(own.log).to.deep.equal([])
    })

    it('while it listens: leaves, and does not come again', async () => {
      let isGone = false
      answer = (res) => {
        begin(res).write(hello + event(1))
        res.on('close', () => (isGone = true))
      }
      await start()
      await until(() => own.heard.length === 1)
      own.close()
      await until(() => isGone)
      expect(own.log).to.deep.equal([])
      expect(hub.seen).to.have.lengthOf(1)
    })
  })
})

/** What stands before the hub changes the protocol (101), which nobody has asked for: no request waits for ever, and no visitor with it. */
import net from 'node:net'
import { once } from 'node:events'

import { expect } from 'chai'

import { createHubTransport, type HubTransport } from '../../sdk/site/hub/transport.js'

const HUB_TIMEOUT_MS = 1000

describe('a server that answers with another protocol', () => {
  let server: net.Server
  let transport: HubTransport
  let answer: string
  const open = new Set<net.Socket>()

  beforeEach(async () => {
    server = net.createServer((socket) => {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('data', () => socket.write(answer))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    transport = createHubTransport({ backchannel: `http://127.0.0.1:${port}`, hubTimeoutMs: HUB_TIMEOUT_MS })
  })
  afterEach(() => {
    transport.close()
    for (const socket of open) socket.destroy()
    server.close()
  })

  const CHANGED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'
  const FINE = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'

  const send = () => transport.send({ method: 'GET', path: '/', maxBytes: 100 })
  const listen = () => transport.open('/', {}, new AbortController().signal)

  for (const [what, ask] of [
    ['a request', send],
    ['an event stream', listen],
  ] as const)
    it(`fails ${what}; one that answers does not`, async () => {
      answer = CHANGED
      const startMs = performance.now()
      const said = await ask().then(
        () => 'answered',
        (thrown: unknown) => (thrown as Error).message,
      )
      expect(said).to.equal('no answer came')
      expect(performance.now() - startMs).to.be.below(HUB_TIMEOUT_MS)
      answer = FINE
      expect(await ask()).to.be.an('object')
    })

  it('fails a request on a kept connection too', async () => {
    answer = FINE
    expect((await send()).text).to.equal('{}')
    answer = CHANGED
    const said = await send().catch((thrown: unknown) => (thrown as Error).message)
    expect(said).to.equal('no answer came')
  })
})

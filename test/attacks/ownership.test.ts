/** R45: whoever names a domain lets the hub ask what they choose. So it asks public addresses only, and believes little. */
import { createSecretKey, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import https from 'node:https'
import type { AddressInfo } from 'node:net'

import { expect } from 'chai'
import { generateSite, type SiteRegistration } from 'session-hub/hub'

import { createOwnership, type OwnershipOptions } from '../../hub/ownership/ownership.js'
import { isPublicAddress } from '../../hub/ownership/public-address.js'
import { readSmallFile } from '../../hub/ownership/well-known.js'
import { selfSigned } from '../support/self-signed.js'

const SHOP = 'https://shop.customer.example'
const FILE = `${SHOP}/.well-known/session-hub-site.txt`

describe('R45: the proof of ownership', () => {
  const certificate = selfSigned(['shop.customer.example'], 1)
  let server: https.Server
  let asked: string[]
  let answer: (res: import('node:http').ServerResponse) => void
  let registration: SiteRegistration
  let own: OwnershipOptions

  beforeEach(async () => {
    asked = []
    answer = (res) => res.end('text')
    server = https.createServer(certificate, (req, res) => {
      asked.push(`${req.headers.host} ${req.url}`)
      answer(res)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ;({ registration } = await generateSite(SHOP))
    own = {
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      isAllowed: () => true,
      ca: certificate.cert,
      port: (server.address() as AddressInfo).port,
      timeoutMs: 2000,
      texts: async () => [],
    }
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  const faultOf = async (more: OwnershipOptions): Promise<string> =>
    readSmallFile(FILE, { ...own, ...more }).then(
      (text) => `read: ${text}`,
      (thrown: unknown) => (thrown as Error).message,
    )

  it('is read where the name leads to addresses that are allowed', async () => {
    expect(await faultOf({})).to.equal('read: text')
    expect(asked[0]).to.include('shop.customer.example')
  })

  it('is not asked for where the name leads into a private network: no connection is made', async () => {
    expect(await faultOf({ isAllowed: isPublicAddress })).to.include('public addresses only')
    expect(asked).to.deep.equal([])
  })

  it('is not asked for where only one of two addresses is public', async () => {
    const two = async () => [
      { address: '127.0.0.1', family: 4 },
      { address: '93.184.215.14', family: 4 },
    ]
    expect(await faultOf({ resolve: two, isAllowed: isPublicAddress })).to.include('public addresses only')
  })

  it('is asked for at the address that was checked: the name is looked up once', async () => {
    let lookUps = 0
    const resolve = async () => {
      lookUps += 1
      return [{ address: lookUps === 1 ? '127.0.0.1' : '127.0.0.2', family: 4 }]
    }
    expect(await faultOf({ resolve, isAllowed: (address) => address === '127.0.0.1' })).to.equal('read: text')
    expect(lookUps).to.equal(1)
  })

  it('follows no redirect', async () => {
    answer = (res) => res.writeHead(302, { location: `${FILE}?again` }).end()
    expect(await faultOf({})).to.equal('it answered 302')
    expect(asked).to.have.length(1)
  })

  it('takes no more than a kilobyte, though the answer goes on', async () => {
    answer = (res) => {
      res.write('x'.repeat(1025))
    }
    expect(await faultOf({})).to.include('larger than 1024 bytes')
  })

  for (const [what, stall] of Object.entries<(res: import('node:http').ServerResponse) => void>({
    'never answers': () => undefined,
    'never ends': (res) => void res.write('x'),
  }))
    it(`does not wait for a server that ${what}`, async () => {
      answer = stall
      expect(await faultOf({ timeoutMs: 300 })).to.match(/did not answer|broke off|cannot be reached/)
    })

  it('believes no certificate but one for the very name', async () => {
    expect(await faultOf({ ca: selfSigned(['shop.customer.example'], 1).cert })).to.include(
      'cannot be reached',
    )
  })

  const withFile = (text: string) => {
    answer = (res) => res.end(text)
    return createOwnership(secret, own)
  }
  const secret = createSecretKey(randomBytes(32))
  const tokenOf = (of: SiteRegistration) => createOwnership(secret).proofOf(of).token
  const isProven = (ownership: ReturnType<typeof createOwnership>, of = registration) =>
    ownership.check(of).then(
      () => true,
      (thrown: unknown) => (thrown as { code: string }).code,
    )

  it('does not wait for a DNS that is silent; one that answers in time is believed', async () => {
    const asking = { ...own, timeoutMs: 200, texts: () => new Promise<string[]>(() => undefined) }
    const said = await createOwnership(secret, asking)
      .check(registration)
      .catch((thrown: unknown) => (thrown as Error).message)
    expect(said).to.include('did not answer within 0.2 seconds')
    const { token } = createOwnership(secret, own).proofOf(registration)
    await createOwnership(secret, { ...asking, texts: async () => [token] }).check(registration)
  })

  it('is the text of this site, in its file or in its DNS', async () => {
    const token = tokenOf(registration)
    expect(await isProven(withFile(`${token}\n`))).to.equal(true)
    const inDns = createOwnership(secret, { ...own, texts: async () => ['v=spf1 -all', token] })
    answer = (res) => res.writeHead(404).end()
    expect(await isProven(inDns)).to.equal(true)
  })

  it('is no other text: of another site, of other keys, of another hub', async () => {
    const others = [
      tokenOf({ ...registration, origin: 'https://www.customer.example' }),
      tokenOf((await generateSite(SHOP)).registration),
      createOwnership(createSecretKey(randomBytes(32))).proofOf(registration).token,
      `${tokenOf(registration)}x`,
      '',
    ]
    for (const other of others) {
      expect(await isProven(withFile(other)), other).to.equal('proof_missing')
      expect(await isProven(createOwnership(secret, { ...own, texts: async () => [other] }))).to.equal(
        'proof_missing',
      )
    }
  })

  it('of a wildcard, or of an origin with a port, is in its DNS alone: one host says nothing of others', async () => {
    for (const origin of ['https://*.customer.example', 'https://shop.customer.example:8443']) {
      const of = { ...registration, origin }
      expect(await isProven(withFile(tokenOf(of)), of)).to.equal('proof_missing')
      expect(asked).to.deep.equal([])
      const inDns = createOwnership(secret, { ...own, texts: async () => [tokenOf(of)] })
      expect(await isProven(inDns, of)).to.equal(true)
    }
  })

  const addresses: Record<string, boolean> = {
    '93.184.215.14': true,
    '1.1.1.1': true,
    '2606:4700:4700::1111': true,
    '127.0.0.1': false,
    '10.1.2.3': false,
    '172.31.255.255': false,
    '192.168.0.1': false,
    '169.254.169.254': false,
    '100.64.0.1': false,
    '0.0.0.0': false,
    '192.0.0.192': false,
    '198.18.0.1': false,
    '224.0.0.1': false,
    '255.255.255.255': false,
    '::': false,
    '::1': false,
    'fe80::1': false,
    'fd00:ec2::254': false,
    'ff02::1': false,
    '::ffff:127.0.0.1': false,
    '::ffff:93.184.215.14': false,
    '::127.0.0.1': false,
    '64:ff9b::7f00:1': false,
    '2001::1': false,
    '2001:db8::1': false,
    '2002:7f00:1::': false,
    'fe80::1%eth0': false,
    nonsense: false,
  }
  for (const [address, isPublic] of Object.entries(addresses))
    it(`takes ${address} for ${isPublic ? 'a public address' : 'none that is public'}`, () => {
      expect(isPublicAddress(address)).to.equal(isPublic)
    })
})

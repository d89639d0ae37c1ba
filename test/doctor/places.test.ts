/** Where hub and sites are, as browsers judge it; and certificates by their end. */
import { expect } from 'chai'

import { hostLine } from '../../hub/doctor/checks/forwarded.js'
import { domainLine, placeLine } from '../../hub/doctor/checks/places.js'
import { registrable } from '../../hub/sites/registrable-domain.js'
import type { Line } from '../../hub/doctor/findings.js'
import { certificateFindings } from '../../hub/doctor/reach.js'
import { openEyes, type Sight } from '../../hub/doctor/sight.js'
import { isPrivateAddress } from '../../sdk/http/address.js'

const codesIn = ({ findings }: Line) => findings.map(({ code }) => code)

describe('the places of a hub and its sites', () => {
  const addresses: readonly [address: string, isPrivate: boolean][] = [
    ['10.1.2.3', true],
    ['172.16.0.1', true],
    ['172.15.0.1', false],
    ['172.32.0.1', false],
    ['192.168.7.7', true],
    ['192.169.7.7', false],
    ['100.64.0.1', true],
    ['100.128.0.1', false],
    ['169.254.1.1', true],
    ['127.0.0.1', true],
    ['203.0.113.7', false],
    ['::ffff:10.1.2.3', true],
    ['::1', true],
    ['fd00::1', true],
    ['fe80::1', true],
    ['2001:db8::1', false],
  ]
  for (const [address, expected] of addresses) {
    it(`${address} is ${expected ? '' : 'not '}of a local network`, () => {
      expect(isPrivateAddress(address)).to.equal(expected)
    })
  }

  const at = (origin: string, ...given: string[]) => ({ origin, addresses: given })
  const pairs: readonly [
    what: string,
    hub: ReturnType<typeof at>,
    site: ReturnType<typeof at>,
    codes: string[],
  ][] = [
    [
      'a private hub below a public site',
      at('https://hub.example', '10.0.0.1'),
      at('https://shop.example', '203.0.113.7'),
      ['hub_on_private_address'],
    ],
    [
      'both in a private network',
      at('https://hub.example', '10.0.0.1'),
      at('https://shop.example', '10.0.0.2'),
      [],
    ],
    ['both public', at('https://hub.example', '198.51.100.1'), at('https://shop.example', '203.0.113.7'), []],
    [
      'both on this machine',
      at('http://hub.localhost', '127.0.0.1'),
      at('https://shop.example', '203.0.113.7'),
      [],
    ],
    [
      'a subdomain of the site on another network',
      at('https://hub.shop.example', '198.51.100.1'),
      at('https://www.shop.example', '203.0.113.7'),
      ['seven_days'],
    ],
    [
      'a subdomain of the site on the same network',
      at('https://hub.shop.example', '203.0.200.1'),
      at('https://shop.example', '203.0.113.7'),
      [],
    ],
    [
      'a subdomain with one address of several on the same network',
      at('https://hub.shop.example', '198.51.100.1', '2001:db8:1:2::5'),
      at('https://shop.example', '203.0.113.7', '2001:db8:1:2::9'),
      [],
    ],
  ]
  for (const [what, hub, site, codes] of pairs) {
    it(`${what}: ${codes.join() || 'nothing'}`, async () => {
      expect(codesIn(await placeLine(hub, site))).to.deep.equal(codes)
    })
  }

  const domains: readonly [origin: string, domain: string][] = [
    ['https://hub.shop.example', 'shop.example'],
    ['https://shop.example', 'shop.example'],
    ['https://hub.shop.co.uk', 'shop.co.uk'],
    ['https://a.b.shop.com.au:8443', 'shop.com.au'],
    ['https://hub.shop.de', 'shop.de'],
    ['https://hub.shop.com.de', 'shop.com.de'],
    ['https://shop.city.kawasaki.jp', 'city.kawasaki.jp'],
    ['https://shop.github.io', 'shop.github.io'],
    ['https://www.shop.vercel.app', 'shop.vercel.app'],
    ['https://github.io', 'github.io'],
    ['https://203.0.113.7', '203.0.113.7'],
    ['https://[2001:db8::1]', '[2001:db8::1]'],
  ]
  for (const [origin, domain] of domains) {
    it(`${origin} belongs to ${domain}`, async () => {
      expect(await registrable(origin)).to.equal(domain)
    })
  }

  it('a hub whose domain no site has looks like a tracker; one whose domain one of them has does not', async () => {
    const [shop, travel] = [at('https://shop.example'), at('https://travel.example')]
    expect(codesIn(await domainLine(at('https://hub.accounts.example'), [shop, travel]))).to.deep.equal([
      'bounce_tracking',
    ])
    expect(codesIn(await domainLine(at('https://hub.travel.example'), [shop, travel]))).to.deep.equal([])
    // Two customers of one hosting company.
    const [mine, theirs] = [at('https://hub-of-mine.github.io'), at('https://theirs.github.io')]
    expect(codesIn(await domainLine(mine, [theirs]))).to.deep.equal(['bounce_tracking'])
  })

  it('a certificate is worth a word two weeks before its end', () => {
    const nowMs = Date.parse('2026-01-01T00:00:00Z')
    const in_ = (days: number) => certificateFindings({ validToMs: nowMs + days * 86_400_000 }, nowMs)
    expect(in_(15)).to.deep.equal([])
    expect(in_(14)).to.deep.equal([{ code: 'tls_expires_soon', what: 'the certificate expires in 14 days' }])
    expect(certificateFindings({ validToMs: undefined }, nowMs)).to.deep.equal([])
  })
})

describe('a page on https', () => {
  const seen = (url: string, status: number, location?: string): Sight => ({
    url,
    status,
    bytes: Buffer.alloc(0),
    text: '',
    lines: () => [],
    header: (name) => (name === 'location' ? location : undefined),
    aheadMs: undefined,
    validToMs: undefined,
  })
  const site = 'https://shop.example'
  const home = `${site}/`
  const led = (to?: string) => ({
    ...openEyes({ timeoutMs: 1000 }),
    see: (url: string) => Promise.resolve(seen(url, to === undefined ? 200 : 302, to)),
  })

  for (const [what, before, to, expected] of [
    ['leads to itself, as it would from http', undefined, home, ['forwarded_host_believed']],
    ['leads to the same page as without the header', '/en/', '/en/', []],
    ['is shown as before', undefined, undefined, []],
  ] as const)
    it(`that ${what}, asked with a made-up X-Forwarded-Proto`, async () => {
      const page = seen(home, before === undefined ? 200 : 302, before)
      expect(codesIn(await hostLine(led(to), site, page))).to.deep.equal(expected)
    })
})

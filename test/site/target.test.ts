/** R23: whatever is said, a return target is an address of the site's own, or none. */
import { expect } from 'chai'
import fc from 'fast-check'

import { ownTarget, pageTarget } from '../../sdk/site/endpoints/target.js'
import { targetsAway, targetsInside } from '../support/forge.js'

const origins = [
  'https://shop.example',
  'https://shop.example:8443',
  'http://shop.localhost:3001',
  'http://[::1]:3001',
  'https://xn--caf-dma.example',
]
const endpoints = ['/session-hub', '/own/path']

/** By RFC 3986's own expression (appendix B), and not by the parser under test. */
function parts(address: string): { origin: string; path: string; rest: string } {
  const [, scheme = '', authority = '', path = '', rest = ''] =
    /^([^:/?#]+):\/\/([^/?#]*)([^?#]*)(.*)$/s.exec(address) ?? []
  return { origin: `${scheme}://${authority}`, path, rest }
}

/** Pieces of which hostile addresses are made. */
const piece = fc.constantFrom(
  ...['/', '//', '\\', '/\\', ':', '@', '?', '#', '.', '..', '%2e', '%2f', '%5c', '%00', '\0', '\t', '\r\n'],
  ...[' ', '\u00a0', '\u3002', '\uff0f', '\uff61', '\u2028', '\ud800', 'é', '日', '[', ']', ';', '&', '='],
  ...['http:', 'https:', 'HTTP:', 'javascript:', 'data:', 'blob:', 'file:', 'ws:', 'localhost', 'shop'],
  ...[
    'shop.example',
    'SHOP.EXAMPLE',
    'stranger.example',
    '[::1]',
    '127.0.0.1',
    '0x7f.1',
    ':3001',
    ':8443',
    ':443',
  ],
  ...['session-hub', 'own', 'path', 'redirect', 'callback', 'a', '1', 'user:pass@', 'xn--', ...origins],
)
const hostile = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))
const given = fc.oneof(
  { weight: 6, arbitrary: hostile },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
  { weight: 1, arbitrary: fc.webUrl({ withFragments: true, withQueryParameters: true }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...origins.flatMap((origin) => Object.values(targetsAway(origin)))),
  },
)
const place = fc.record({ origin: fc.constantFrom(...origins), endpoint: fc.constantFrom(...endpoints) })

const RUNS = { numRuns: 20_000 }

describe('a return target', () => {
  it('is whole, of exactly the site’s origin, in plain ASCII, or there is none', () => {
    let taken = 0
    fc.assert(
      fc.property(place, given, (site, text) => {
        const target = ownTarget(site, text)
        if (target === undefined) return
        taken += 1
        const { origin, path } = parts(target)
        expect(origin).to.equal(site.origin)
        expect(path).to.match(/^\//)
        expect(target).to.match(/^[!-~]+$/)
        expect(path).to.not.include('\\')
        expect(path.split('/')).to.not.include.members(['..'])
      }),
      RUNS,
    )
    expect(taken, 'many were taken').to.be.above(1000)
  }).timeout(30_000)

  it('is the same address again, wherever it is read', () => {
    fc.assert(
      fc.property(place, given, (site, text) => {
        const target = ownTarget(site, text)
        if (target === undefined) return
        for (const base of ['https://stranger.example/a/b', 'data:,x', `${site.origin}/x/y`])
          expect(new URL(target, base).href).to.equal(target)
        if (target.length <= 2000) expect(ownTarget(site, target)).to.equal(target)
      }),
      RUNS,
    )
  }).timeout(30_000)

  it('is never one of this package’s own endpoints', () => {
    fc.assert(
      fc.property(place, given, fc.boolean(), (site, text, isBelow) => {
        const target = ownTarget(site, isBelow ? `${site.endpoint}${text}` : text)
        if (target === undefined) return
        const { path } = parts(target)
        expect(path.startsWith(`${site.endpoint}/`), target).to.equal(false)
      }),
      RUNS,
    )
    for (const endpoint of endpoints)
      for (const text of targetsInside(endpoint))
        expect(ownTarget({ origin: origins[0]!, endpoint }, text), text).to.equal(undefined)
  }).timeout(30_000)

  it('is a page below what a proxy has removed, whatever arrives, or there is none', () => {
    const below = { origin: origins[0]!, endpoint: '/shop/session-hub', removedPath: '/shop' }
    fc.assert(
      fc.property(given, (text) => {
        const target = pageTarget(below, text)
        if (target === undefined) return
        const { origin, path } = parts(target)
        expect(origin).to.equal(below.origin)
        expect(path.startsWith('/shop/'), target).to.equal(true)
        expect(path.startsWith('/shop/session-hub/'), target).to.equal(false)
      }),
      RUNS,
    )
    const away = [
      '/..',
      '/../admin',
      '/%2e%2e/admin',
      '/..//evil.example',
      '.evil.example/',
      '-2/',
      'http://evil.example/',
      '@evil.example/',
    ]
    for (const arrived of [...away, '/session-hub/enter'])
      expect(pageTarget(below, arrived), arrived).to.equal(undefined)
    for (const arrived of ['/', '/a?b=1', '//evil.example', '/shop/a'])
      expect(pageTarget(below, arrived), arrived).to.equal(`${below.origin}/shop${arrived}`)
  }).timeout(30_000)

  it('is there for every path of the site, and stays what it is', () => {
    const segment = fc.stringMatching(/^[A-Za-z0-9_~!$&'()*+,;=:@-]{1,12}$/)
    const path = fc
      .record({
        segments: fc.array(segment, { maxLength: 5 }),
        query: fc.option(segment),
        fragment: fc.option(segment),
      })
      .map(({ segments, query, fragment }) =>
        [
          `/${segments.join('/')}`,
          query === null ? '' : `?${query.replaceAll("'", '')}`,
          fragment === null ? '' : `#${fragment}`,
        ].join(''),
      )
    fc.assert(
      fc.property(place, path, (site, text) => {
        expect(ownTarget(site, text)).to.equal(site.origin + text)
        expect(ownTarget(site, site.origin + text)).to.equal(site.origin + text)
      }),
    )
  })

  it('is none of what is no text', () => {
    fc.assert(
      fc.property(place, fc.anything(), (site, value) => {
        if (typeof value !== 'string') expect(ownTarget(site, value)).to.equal(undefined)
      }),
    )
  })

  it('is none of all the ways to spell another place', () => {
    for (const origin of origins)
      for (const [name, text] of Object.entries(targetsAway(origin)))
        expect(ownTarget({ origin, endpoint: '/session-hub' }, text), `${origin}: ${name}`).to.equal(
          undefined,
        )
  })
})

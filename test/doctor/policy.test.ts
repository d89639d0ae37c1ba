/** A policy, a page and its tag, as browsers read them. */
import { expect } from 'chai'

import { findScriptTag } from '../../hub/doctor/html.js'
import { forbidding, policiesOf } from '../../hub/doctor/policy.js'

describe('a policy', () => {
  const from = 'https://shop.example'
  const hub = 'https://hub.example'
  const frames: readonly [policy: string, says: string | undefined][] = [
    ['', undefined],
    ["default-src 'self'", "default-src 'self'"],
    ["default-src 'none'; frame-src https://hub.example", undefined],
    ['frame-src hub.example', undefined],
    ['frame-src *.example', undefined],
    ['frame-src *.hub.example', 'frame-src *.hub.example'],
    ['frame-src https:', undefined],
    ['frame-src http://hub.example', undefined],
    ['frame-src https://hub.example:443', undefined],
    ['frame-src https://hub.example:8443', 'frame-src https://hub.example:8443'],
    ['frame-src https://hub.example:*', undefined],
    ['frame-src https://hub.example/frame/', 'frame-src https://hub.example/frame/'],
    ['frame-src HTTPS://HUB.example', undefined],
    ['frame-src *', undefined],
    ['frame-src', "frame-src 'none'"],
    ["child-src 'self'", "child-src 'self'"],
    ["frame-src https://hub.example; frame-src 'none'", undefined],
    ["frame-src https://hub.example, frame-src 'self'", "frame-src 'self'"],
  ]
  for (const [policy, says] of frames) {
    it(`"${policy}" ${says === undefined ? 'lets the frame in' : `keeps it out by "${says}"`}`, () => {
      const names = ['frame-src', 'child-src', 'default-src']
      expect(forbidding(policiesOf([policy]), names, { url: hub, from })).to.equal(says)
    })
  }

  const scripts: readonly [policy: string, nonce: string | undefined, isAllowed: boolean][] = [
    ["script-src 'self'", undefined, true],
    ["script-src 'nonce-r4nd0m'", 'r4nd0m', true],
    ["script-src 'nonce-r4nd0m'", 'other', false],
    ["script-src 'nonce-r4nd0m'", undefined, false],
    ["script-src 'strict-dynamic' 'nonce-r4nd0m' 'self'", undefined, false],
    ["script-src 'strict-dynamic' 'nonce-r4nd0m' 'self'", 'r4nd0m', true],
    ["script-src-elem 'none'; script-src 'self'", undefined, false],
  ]
  for (const [policy, nonce, isAllowed] of scripts) {
    it(`"${policy}" ${isAllowed ? 'allows' : 'forbids'} a script with the nonce ${nonce ?? 'of nobody'}`, () => {
      const loaded = { url: `${from}/session-hub/sdk.js`, from, nonce }
      const said = forbidding(policiesOf([policy]), ['script-src-elem', 'script-src'], loaded)
      expect(said === undefined).to.equal(isAllowed)
    })
  }
})

describe('a script tag', () => {
  const page = 'https://shop.example/en/'
  const tags: readonly [what: string, html: string, src: string | undefined][] = [
    [
      'of the site',
      '<script async src="/session-hub/sdk.AbCdEf012345.js" data-hub="https://hub.example"></script>',
      'https://shop.example/session-hub/sdk.AbCdEf012345.js',
    ],
    [
      'of the hub',
      "<script async src='https://hub.example/sdk.js' data-endpoint=/shop></script>",
      'https://hub.example/sdk.js',
    ],
    [
      'without quotes, in capitals',
      '<SCRIPT SRC=/session-hub/sdk.js DATA-HUB=https://hub.example>',
      'https://shop.example/session-hub/sdk.js',
    ],
    [
      'in a comment',
      '<!-- <script src="/session-hub/sdk.js" data-hub="https://hub.example"></script> -->',
      undefined,
    ],
    [
      'behind a comment that never ends',
      '<!-- <script src="/session-hub/sdk.js" data-hub="https://hub.example"></script>',
      undefined,
    ],
    ["of somebody else's own SDK", '<script src="/sdk.js"></script>', undefined],
    [
      'with an address that is none',
      '<script src="https://[" data-hub="https://hub.example"></script>',
      undefined,
    ],
  ]
  for (const [what, html, src] of tags) {
    it(`${what} is ${src === undefined ? 'not found' : 'found'}`, () => {
      const found = findScriptTag(`<h1>Shop</h1><script>1 < 2</script>${html}`, page)
      expect(found?.src).to.equal(src)
      if (found) expect(found.hub).to.equal('https://hub.example')
    })
  }

  it('is looked for in one pass, whatever the page is made of', () => {
    const hostile = ['<!--', '<script ', '<script src="', "<meta a='"].map((part) => part.repeat(100_000))
    for (const html of hostile) expect(findScriptTag(html, page)).to.equal(undefined)
  })
})

/** AES key wrap where a runtime has no cipher for it: the standard's own example, and equal to the runtime's cipher where there is one. */
import { randomBytes } from 'node:crypto'

import { expect } from 'chai'

import { byBlocks, keyWrap } from '../../sdk/tokens/key-wrap.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('AES key wrap, by single blocks', () => {
  it('gives what RFC 3394 has in section 4.6', () => {
    const key = hex('00010203 04050607 08090A0B 0C0D0E0F 10111213 14151617 18191A1B 1C1D1E1F')
    const plain = hex('00112233 44556677 8899AABB CCDDEEFF 00010203 04050607 08090A0B 0C0D0E0F')
    const wrapped = hex(
      '28C9F404 C4B810F4 CBCCB35C FB87F826 3F5786E2 D80ED326 CBC7F0E7 1A99F43B FB988B9B 7A02DD21',
    )
    for (const way of [byBlocks, keyWrap]) {
      expect(way.wrap(key, plain)).to.deep.equal(wrapped)
      expect(way.unwrap(key, wrapped)).to.deep.equal(plain)
    }
  })

  it('is the same as the runtime’s own, at every length', () => {
    expect(keyWrap, 'Node has a cipher for it').to.not.equal(byBlocks)
    for (let bytes = 16; bytes <= 400; bytes += 8) {
      const [key, plain] = [randomBytes(32), randomBytes(bytes)]
      const wrapped = keyWrap.wrap(key, plain)
      expect(byBlocks.wrap(key, plain)).to.deep.equal(wrapped)
      expect(byBlocks.unwrap(key, wrapped)).to.deep.equal(plain)
    }
  })

  it('R36: refuses what the key has not wrapped, as the runtime’s own does', () => {
    const [key, plain] = [randomBytes(32), randomBytes(32)]
    const wrapped = keyWrap.wrap(key, plain)
    const changed = Array.from(wrapped, (_byte, at) => {
      const one = Buffer.from(wrapped)
      one[at]! ^= 1
      return one
    })
    const lengths = [8, 16, 23, 24, 39, 48].map((bytes) => randomBytes(bytes))
    for (const way of [byBlocks, keyWrap]) {
      for (const wrong of [...changed, ...lengths]) expect(() => way.unwrap(key, wrong)).to.throw()
      expect(() => way.unwrap(randomBytes(32), wrapped)).to.throw()
      for (const bytes of [8, 15, 33]) expect(() => way.wrap(key, randomBytes(bytes))).to.throw()
      expect(way.unwrap(key, wrapped), 'the twin').to.deep.equal(plain)
    }
  })
})

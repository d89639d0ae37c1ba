/** Two ways to make and to read a token with a secret, Node's own and jose's: each takes what the other has made, and nothing else. */
import { randomBytes } from 'node:crypto'

import { expect } from 'chai'
import { compactDecrypt, CompactEncrypt, CompactSign, compactVerify } from 'jose'

import { importSessionKey, importTicketKey, type NamedKey } from '../../sdk/tokens/keys.js'
import { sealToken, signToken } from '../../sdk/tokens/sign.js'
import { openToken, verifyToken } from '../../sdk/tokens/verify.js'
import { flip } from '../support/forge.js'

const encoder = new TextEncoder()
const LENGTHS = [1, 15, 16, 17, 100, 700, 900]
const BUILT_IN = 'getBuiltinModule'

/** As in a runtime of the web, for one call: there is nothing of Node. */
async function withoutNode<Result>(call: () => Promise<Result>): Promise<Result> {
  const own = Object.getOwnPropertyDescriptor(process, BUILT_IN)!
  Object.defineProperty(process, BUILT_IN, { ...own, value: undefined })
  try {
    return await call()
  } finally {
    Object.defineProperty(process, BUILT_IN, own)
  }
}

const ways: Record<string, <Result>(call: () => Promise<Result>) => Promise<Result>> = {
  'at once': (call) => call(),
  'by jose': withoutNode,
}

describe('tokens by a secret, made at once and by jose', () => {
  let signing: NamedKey
  let sealing: NamedKey
  let stranger: NamedKey

  before(async () => {
    const key = () => ({ kty: 'oct', kid: 'a', k: randomBytes(32).toString('base64url') })
    signing = await importSessionKey(key(), 'test')
    stranger = await importSessionKey(key(), 'test')
    sealing = await importTicketKey(key(), 'test')
  })

  const sign = (claims: { sub: string }, key = signing) => signToken('session+jwt', claims, key, 'HS256')
  const verify = (token: string, { key } = signing) => verifyToken('session+jwt', token, () => key, 'HS256')
  const open = (token: string) => openToken(token, () => sealing.key)
  const refusal = (work: () => Promise<unknown>) =>
    work().then(
      () => 'taken',
      (thrown: unknown) => (thrown as { code?: string }).code,
    )

  it('are one text, however long, and read alike; jose’s own are too', async () => {
    const header = { alg: 'HS256', typ: 'session+jwt', kid: 'a' }
    for (const length of LENGTHS) {
      const claims = { sub: 'ü'.repeat(length) }
      const payload = encoder.encode(JSON.stringify(claims))
      const token = await new CompactSign(payload).setProtectedHeader(header).sign(signing.key)
      for (const [name, by] of Object.entries(ways)) {
        expect(await by(() => sign(claims)), name).to.equal(token)
        expect(await by(() => verify(token)), name).to.deep.equal(claims)
      }
      expect((await compactVerify(token, signing.key)).protectedHeader).to.deep.equal(header)
    }
  })

  it('are opened alike, however long, and jose’s own are too', async () => {
    const header = { alg: 'dir', enc: 'A256GCM', cty: 'JWT', kid: 'a' }
    for (const length of LENGTHS) {
      const text = 'ü'.repeat(length)
      const own = await new CompactEncrypt(encoder.encode(text))
        .setProtectedHeader(header)
        .encrypt(sealing.key)
      const made = [own]
      for (const by of Object.values(ways)) made.push(await by(() => sealToken(text, sealing)))
      for (const token of made) {
        for (const [name, by] of Object.entries(ways))
          expect(await by(() => open(token)), name).to.equal(text)
        const { plaintext, protectedHeader } = await compactDecrypt(token, sealing.key)
        expect(new TextDecoder().decode(plaintext)).to.equal(text)
        expect(protectedHeader).to.deep.equal(header)
      }
    }
  })

  for (const [name, by] of Object.entries(ways)) {
    it(`are refused ${name} where one character is another, the tag is cut, or the key is`, async () => {
      const jws = await sign({ sub: 'ada' })
      const jwe = await sealToken(jws, sealing)
      const forgeries = [
        ...[1, 2].map((part) => () => verify(flip(jws, part))),
        () => verify(jws.slice(0, -1)),
        () => verify(jws, stranger),
        ...[0, 2, 3, 4].map((part) => () => open(flip(jwe, part))),
        ...[4, 12, 15].map((bytes) => () => open(withTag(jwe, (tag) => tag.subarray(0, bytes)))),
        () => open(withTag(jwe, (tag) => Buffer.concat([tag, tag]))),
      ]
      for (const [at, forgery] of forgeries.entries())
        expect(await by(() => refusal(forgery)), String(at)).to.equal('request_invalid')
      expect(await by(() => refusal(() => verify(jws)))).to.equal('taken')
      expect(await by(() => refusal(() => open(jwe)))).to.equal('taken')
    })

    it(`R2: a key that was made to seal signs nothing ${name}, and one that signs seals nothing`, async () => {
      expect(await by(() => refusal(() => sign({ sub: 'ada' }, sealing)))).to.not.equal('taken')
      expect(await by(() => refusal(() => sealToken('text', signing)))).to.not.equal('taken')
    })
  }
})

function withTag(jwe: string, change: (tag: Buffer) => Buffer): string {
  const end = jwe.lastIndexOf('.') + 1
  return jwe.slice(0, end) + change(Buffer.from(jwe.slice(end), 'base64url')).toString('base64url')
}

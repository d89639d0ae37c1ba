/** Each mistake in the options of the admin pages has its own message, when the hub is made. */
import { expect } from 'chai'
import { createHub, generateAdminToken, generateHubKeys, type HubKeys, memoryStore } from 'session-hub/hub'

describe('the option "admin"', () => {
  let keys: HubKeys
  before(async () => (keys = generateHubKeys()))
  const { registration } = generateAdminToken({ name: 'ada', permissions: ['read'] })
  const tokens = [registration]

  const faultOf = async (admin: unknown): Promise<string> => {
    try {
      const options = { origin: 'https://hub.example', keys, store: memoryStore(), admin } as never
      await (await createHub(options)).close()
      return 'none'
    } catch (thrown) {
      expect(thrown).to.include({ code: 'options_invalid' })
      return (thrown as Error).message
    }
  }

  const mistakes: readonly (readonly [unknown, string])[] = [
    [{}, 'give either "authorize", a function, or "tokens"'],
    [{ tokens, authorize: () => null }, 'give either "authorize", a function, or "tokens"'],
    [{ token: tokens }, 'unknown option "token"; did you mean "tokens"?'],
    [true, 'an object of options is expected'],
    [{ authorize: 'yes' }, '"authorize" has to be a function'],
    [{ tokens: registration }, '"tokens" has to be a list'],
    [{ tokens: [{ ...registration, token: 'x' }] }, 'tokens[0]: unknown option "token"'],
    [{ tokens: [{ ...registration, name: '' }] }, 'tokens[0]: "name" has to be a text'],
    [{ tokens: [{ ...registration, name: 'a\nb' }] }, 'tokens[0]: "name" has to be a text'],
    [{ tokens: [{ ...registration, sha256: 'secret' }] }, 'tokens[0]: "sha256" has to be what'],
    [{ tokens: [{ ...registration, permissions: [] }] }, 'tokens[0]: "permissions" has to list some of read'],
    [{ tokens: [{ ...registration, permissions: ['write'] }] }, '"permissions" has to be one of "read"'],
    [{ tokens: [registration, { ...registration, sha256: 'A'.repeat(43) }] }, 'have the same "name"'],
    [{ tokens: [registration, { ...registration, name: 'bob' }] }, 'have the same "sha256"'],
    [{ tokens, isAdmin: 'root' }, '"isAdmin" has to be a function, or a list of subjects'],
    [{ tokens, isAdmin: [''] }, '"isAdmin" has to be a function, or a list of subjects'],
    [{ tokens, auditSeconds: 60 }, '"auditSeconds" has to be a whole number from 86400 to 315360000'],
  ]
  for (const [admin, words] of mistakes) {
    it(`refuses ${JSON.stringify(admin)}: ${words}`, async () => {
      expect(await faultOf(admin))
        .to.include('createHub: admin')
        .and.include(words)
    })
  }

  for (const admin of [
    { tokens },
    { tokens: [] },
    { authorize: () => null },
    { tokens, isAdmin: ['root'], auditSeconds: 86_400 },
    { tokens, isAdmin: () => false },
  ])
    it(`takes ${JSON.stringify(admin)}`, async () => {
      expect(await faultOf(admin)).to.equal('none')
    })

  it('makes tokens of 256 random bits with a name to find them by, and tells the hub their hash only', () => {
    const [one, other] = [0, 1].map(() => generateAdminToken({ name: 'ada', permissions: ['read'] }))
    expect(one!.token).to.match(/^session-hub-admin-[\w-]{43}$/)
    expect(one!.token).not.to.equal(other!.token)
    expect(one!.registration).to.have.all.keys('name', 'permissions', 'sha256')
    expect(JSON.stringify(one!.registration)).not.to.include(one!.token.slice(-43))
  })
})

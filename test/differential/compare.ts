/** The product's word on each token beside that of a verifier that was written from the protocol alone, in another language. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

import { base64url } from '../support/forge.js'
import { diceFrom } from '../model/dice.js'
import { openDoors } from './doors.js'
import { type Claims, type Kind, mutated } from './mutate.js'

export interface Verdicts {
  readonly kind: Kind
  readonly token: string
  /** `null`: taken. */
  readonly product: string | null
  readonly independent: string | null
}

const NOW = 1_900_000_000
const KINDS: readonly Kind[] = ['ticket', 'offer', 'session']
const program = fileURLToPath(new URL('../../../test/differential/independent.py', import.meta.url))

export async function compare(python: string, count: number, seed: number): Promise<readonly Verdicts[]> {
  const doors = await openDoors(NOW)
  try {
    const { makers, origins, bound } = doors
    const dice = diceFrom(seed)
    const questions = Array.from({ length: count }, (_, index) => {
      const kind = KINDS[index % KINDS.length]!
      return { kind, token: mutated(dice, kind, claimsOf(kind, origins, bound.nonce, index), makers) }
    })
    const { site } = makers
    const world = {
      now: NOW,
      ...bound,
      site: {
        origin: origins.site,
        key: publicHalf(site.signing),
        ticket: site.ticket,
        session: site.session,
      },
      hub: { origin: origins.hub },
    }
    const asking = askPython(python, { world, questions })
    const said: (string | null)[] = []
    for (const { kind, token } of questions) said.push(await doors.show(kind, token))
    const independent = await asking
    return questions.map((asked, index) => ({
      ...asked,
      product: said[index]!,
      independent: independent[index]!,
    }))
  } finally {
    await doors.close()
  }
}

function claimsOf(
  kind: Kind,
  { hub, site }: { hub: string; site: string },
  nonce: string,
  index: number,
): Claims {
  const jti = base64url(Buffer.from(String(index).padStart(16, '0')))
  const sid = base64url(Buffer.alloc(32, index % 251))
  const times = { iat: NOW, exp: NOW + 30 }
  switch (kind) {
    case 'ticket':
      return {
        iss: hub,
        aud: site,
        sub: 'ada',
        grant: 'A'.repeat(54),
        jti,
        ...times,
        nbf: NOW,
        nonce,
        origin: site,
        mode: 'frame',
      }
    case 'offer':
      return { iss: site, aud: hub, sid, jti, ...times, nonce }
    case 'session':
      return {
        iss: site,
        aud: site,
        ...times,
        sk: 'A'.repeat(54),
        st: jti,
        sg: jti,
        gen: 1,
        sub: 'ada',
        auth_time: NOW - 60,
      }
  }
}

const publicHalf = ({
  kty,
  crv,
  kid,
  x,
  y,
}: {
  kty: string
  crv: string
  kid: string
  x: string
  y: string
}) => ({ kty, crv, kid, x, y })

async function askPython(python: string, asked: object): Promise<(string | null)[]> {
  const child = spawn(python, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(asked))
  const [answers] = await Promise.all([text(child.stdout), once(child, 'exit')])
  return JSON.parse(answers) as (string | null)[]
}

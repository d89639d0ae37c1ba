/** Checks the document of the hub's frame, as a page of the site gets it. */
import { createHash, randomBytes } from 'node:crypto'

import { isJsonObject, type JsonObject, parseJson } from '../../../sdk/protocol/json.js'
import { hubPaths } from '../../../sdk/protocol/wire.js'
import { errorOf, inWords } from '../answer.js'
import type { Finding, Line } from '../findings.js'
import { forbidding, policiesOf } from '../policy.js'
import { isFinding, seeOr } from '../reach.js'
import type { Eyes, Sight } from '../sight.js'

export async function frameLine(eyes: Eyes, hub: string, site: string): Promise<Line> {
  const { sight, nonce } = await seeFrame(eyes, hub, site)
  return {
    about: site,
    looked: 'is registered, and may embed the frame of the hub',
    findings: isFinding(sight) ? [sight] : await frameFindings(eyes, hub, site, sight, nonce),
  }
}

async function seeFrame(eyes: Eyes, hub: string, site: string) {
  // Nobody has a verifier for this nonce.
  const nonce = randomBytes(32).toString('base64url')
  const query = new URLSearchParams({ site, nonce })
  const headers = {
    accept: 'text/html',
    referer: `${site}/`,
    'sec-fetch-dest': 'iframe',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-storage-access': 'active',
  }
  return { sight: await seeOr(eyes, `${hub}${hubPaths.frame}?${query}`, { headers }, 'frame_refused'), nonce }
}

async function frameFindings(
  eyes: Eyes,
  hub: string,
  site: string,
  sight: Sight,
  nonce: string,
): Promise<Finding[]> {
  const message = messageOf(sight)
  if (!message) {
    const code = errorOf(sight)
    if (sight.status === 200 && code === undefined)
      return [{ code: 'frame_script_blocked', what: 'the document is not as the hub has sent it' }]
    if (code !== 'site_unknown') return [{ code: 'frame_refused', what: inWords(sight) }]
    const other = await registeredTwin(eyes, hub, site)
    const twin = other === undefined ? '' : `, but it knows ${other}`
    return [{ code: 'site_unregistered', what: `the hub does not know ${site}${twin}` }]
  }
  if (message['nonce'] !== nonce) return [{ code: 'frame_cached', what: 'the answer is to another request' }]
  return [...decisionFindings(message), ...policyFindings(hub, site, sight), ...isolationFindings(sight)]
}

/** The most frequent mistakes: "www", and a label too many for a wildcard. */
async function registeredTwin(eyes: Eyes, hub: string, site: string): Promise<string | undefined> {
  const twin = /\/\/www\./.test(site) ? site.replace('//www.', '//') : site.replace('//', '//www.')
  if (await isRegistered(eyes, hub, twin)) return twin
  const parent = site.replace(/\/\/[^.]+\./, '//')
  if (parent === twin || !/\/\/[^/]+\./.test(parent) || !(await isRegistered(eyes, hub, parent)))
    return undefined
  return `${parent}; a wildcard covers exactly one label`
}

async function isRegistered(eyes: Eyes, hub: string, site: string): Promise<boolean> {
  const { sight } = await seeFrame(eyes, hub, site)
  return !isFinding(sight) && messageOf(sight) !== undefined
}

/** The message that the frame would send to the page. */
function messageOf({ text }: Sight): JsonObject | undefined {
  const [written = ''] = behind(text, 'id=data>')
  try {
    const data = parseJson(written)
    return isJsonObject(data) && isJsonObject(data['message']) ? data['message'] : undefined
  } catch {
    return undefined
  }
}

/** The text after each `mark`, up to the end of its script. */
const behind = (text: string, mark: string): readonly string[] =>
  text
    .split(mark)
    .slice(1)
    .map((part) => part.slice(0, Math.max(0, part.indexOf('</script>'))))

function decisionFindings({ outcome, reason }: JsonObject): Finding[] {
  const what = `the frame says ${[outcome, reason]
    .filter(Boolean)
    .map((word) => JSON.stringify(word))
    .join(' by ')}`
  if (outcome === 'failed') return [{ code: 'frame_refused', what }]
  if (outcome !== 'blocked') return []
  return [{ code: reason === 'referrer_missing' ? 'referer_removed' : 'fetch_metadata_removed', what }]
}

function policyFindings(hub: string, site: string, sight: Sight): Finding[] {
  const policies = policiesOf(sight.lines('content-security-policy'))
  const findings: Finding[] = []
  const ancestors = forbidding(policies, ['frame-ancestors'], { url: site, from: hub })
  const isNamed = policies.some((policy) => policy.has('frame-ancestors'))
  if (ancestors !== undefined || !isNamed) {
    findings.push({
      code: 'frame_ancestors_wrong',
      what: `it says "${ancestors ?? 'nothing of its ancestors'}"`,
    })
  }
  const options = sight.header('x-frame-options')
  if (options !== undefined) findings.push({ code: 'frame_options_added', what: `it says "${options}"` })

  // A script that something has added beside ours does not run, and does no harm.
  const refusals = behind(sight.text, '<script>').map((script) =>
    forbidding(policies, ['script-src-elem', 'script-src', 'default-src'], {
      url: hub,
      from: hub,
      hash: `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    }),
  )
  const scripts = refusals.every((refusal) => refusal !== undefined) ? refusals[0] : undefined
  const requests = forbidding(policies, ['connect-src', 'default-src'], { url: hub, from: hub })
  if (policies.some((policy) => policy.has('sandbox')))
    findings.push({ code: 'frame_script_blocked', what: 'the policy has a "sandbox"' })
  else if (scripts !== undefined || requests !== undefined)
    findings.push({ code: 'frame_script_blocked', what: `the policy has "${scripts ?? requests ?? ''}"` })
  return findings
}

function isolationFindings({ header }: Sight): Finding[] {
  const said = [header('cross-origin-embedder-policy'), header('cross-origin-resource-policy')]
  if (said[0] === 'require-corp' && said[1] === 'cross-origin') return []
  return [{ code: 'frame_isolation', what: `they are ${said.map((one) => `"${one ?? ''}"`).join(' and ')}` }]
}

/** The window in which Firefox and Safari require a click. */
export async function popupLine(eyes: Eyes, hub: string, site: string): Promise<Line> {
  const headers = {
    accept: 'text/html',
    'sec-fetch-dest': 'document',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-site': 'cross-site',
  }
  const url = `${hub}${hubPaths.unlock}?${new URLSearchParams({ site })}`
  const sight = await seeOr(eyes, url, { headers }, 'popup_opener')
  return {
    about: site,
    looked: 'can hear the small window of the hub',
    findings: isFinding(sight) ? [sight] : popupFindings(sight),
  }
}

function popupFindings(sight: Sight): Finding[] {
  if (sight.status !== 200) return [{ code: 'popup_opener', what: inWords(sight) }]
  const said = sight.header('cross-origin-opener-policy') ?? 'unsafe-none'
  return said === 'unsafe-none' ? [] : [{ code: 'popup_opener', what: `it says "${said}"` }]
}

/** Checks a page of the site: its headers and its script tag. */
import { createHash } from 'node:crypto'

import type { Finding, Line } from '../findings.js'
import { findScriptTag, metaOf, type ScriptTag } from '../html.js'
import { forbidding, policiesOf, type Policy } from '../policy.js'
import { isFinding, seeOr } from '../reach.js'
import type { Eyes, Sight } from '../sight.js'
import { inWords } from '../answer.js'

export interface Page {
  readonly lines: readonly Line[]
  readonly tag?: ScriptTag
}

export interface PageQuestion {
  readonly hub: string
  readonly site: string
  /** The other sites, to which links may lead. */
  readonly others: readonly string[]
  readonly sight: Sight
}

export async function lookAtPage(eyes: Eyes, { hub, site, others, sight }: PageQuestion): Promise<Page> {
  const { pathname } = new URL(sight.url)
  const looked = `has a page at ${pathname} with the SDK`
  if (sight.status !== 200 || !/\bhtml\b/.test(sight.header('content-type') ?? '')) {
    return { lines: [{ about: site, looked, findings: [{ code: 'page_unreadable', what: inWords(sight) }] }] }
  }
  const tag = findScriptTag(sight.text, sight.url)
  const policies = policiesOf([
    ...sight.lines('content-security-policy'),
    ...metaOf(sight.text, 'content-security-policy'),
  ])
  const headers = headerFindings(hub, site, sight, policies)
  const looks = 'has headers that let the SDK work'
  if (!tag) {
    const what = `there is none at ${pathname}`
    return {
      lines: [
        { about: site, looked, findings: [{ code: 'tag_missing', what }] },
        { about: site, looked: looks, findings: headers },
      ],
    }
  }
  return {
    tag,
    lines: [
      { about: site, looked, ...(await lookAtFile(eyes, { hub, site, sight }, tag)) },
      {
        about: site,
        looked: looks,
        findings: [...headers, ...tagPolicyFindings(site, others, tag, policies)],
      },
    ],
  }
}

type Found = Pick<Line, 'findings' | 'skipped'>

async function lookAtFile(
  eyes: Eyes,
  { hub, site, sight }: Omit<PageQuestion, 'others'>,
  tag: ScriptTag,
): Promise<Found> {
  if (tag.hub !== hub)
    return { findings: [{ code: 'tag_names_other_hub', what: `the page names ${tag.hub}` }] }
  // Nobody has asked for a check of a third server.
  const { origin } = new URL(tag.src)
  if (origin !== site && origin !== hub) return { findings: [], skipped: `the SDK comes from ${origin}` }
  const file = await seeOr(eyes, tag.src, {}, 'sdk_not_served')
  if (isFinding(file)) return { findings: [file] }
  const isElsewhere = origin !== site && !tag.isCors
  return { findings: [...fileFindings(tag, file), ...(isElsewhere ? isolationFindings(sight, file) : [])] }
}

/** An isolated page loads a file from another origin only if that file allows it. */
function isolationFindings(page: Sight, file: Sight): Finding[] {
  const embedder = page.header('cross-origin-embedder-policy')?.split(';')[0]?.trim()
  const resource = file.header('cross-origin-resource-policy')
  if (embedder !== 'require-corp' || resource === 'cross-origin') return []
  return [
    {
      code: 'sdk_isolated',
      what: `the file has ${resource === undefined ? 'no such header' : `"${resource}"`}`,
    },
  ]
}

function fileFindings(tag: ScriptTag, file: Sight): Finding[] {
  const type = file.header('content-type') ?? ''
  if (file.status !== 200 || !/javascript/.test(type))
    return [{ code: 'sdk_not_served', what: inWords(file) }]
  return [...integrityFindings(tag, file), ...cacheFindings(file)]
}

function integrityFindings({ integrity }: ScriptTag, { bytes }: Sight): Finding[] {
  const hashes = (integrity ?? '').split(/\s+/).filter((hash) => /^sha(256|384|512)-/.test(hash))
  const isOne = hashes.some((hash) => {
    const [algorithm = '', value] = hash.split(/-(.*)/)
    return createHash(algorithm).update(bytes).digest('base64') === value
  })
  if (hashes.length === 0 || isOne) return []
  return [{ code: 'sdk_integrity_wrong', what: 'the hash in the tag is that of other bytes' }]
}

const HOUR = 3600

function cacheFindings({ url, header }: Sight): Finding[] {
  const said = header('cache-control') ?? ''
  const isVersioned = /\.[\w-]{12}\.js$/.test(new URL(url).pathname)
  const seconds = Number(/\bmax-age=(\d+)/i.exec(said)?.[1] ?? 0)
  const isNever = /no-store|no-cache/i.test(said) || seconds === 0
  const isForEver = /immutable/i.test(said) || seconds > 24 * HOUR
  const isWrong = isVersioned ? isNever || seconds < HOUR : isForEver
  return isWrong ? [{ code: 'sdk_cache', what: `${new URL(url).pathname} has "Cache-Control: ${said}"` }] : []
}

function headerFindings(hub: string, site: string, sight: Sight, policies: readonly Policy[]): Finding[] {
  const findings: Finding[] = []
  const frames = forbidding(policies, ['frame-src', 'child-src', 'default-src'], { url: hub, from: site })
  if (frames !== undefined) findings.push({ code: 'csp_frame_src', what: `the policy says "${frames}"` })
  const requests = forbidding(policies, ['connect-src', 'default-src'], { url: site, from: site })
  if (requests !== undefined)
    findings.push({ code: 'csp_connect_src', what: `the policy says "${requests}"` })
  const sandbox = policies
    .map((policy) => policy.get('sandbox'))
    .find((words) => words && !['allow-scripts', 'allow-same-origin'].every((word) => words.includes(word)))
  if (sandbox)
    findings.push({ code: 'page_sandboxed', what: `the policy says "sandbox ${sandbox.join(' ')}"` })

  const permissions = sight.header('permissions-policy') ?? ''
  const [, list] = /\bstorage-access\s*=\s*(\([^)]*\)|\*)/.exec(permissions) ?? []
  if (list !== undefined && list !== '*' && !list.includes(`"${hub}"`) && !/\*/.test(list))
    findings.push({ code: 'permissions_storage_access', what: `it says "storage-access=${list}"` })
  // The last policy that a browser knows counts.
  const referrer = sight.header('referrer-policy')?.split(',').at(-1)?.trim().toLowerCase()
  if (referrer === 'no-referrer' || referrer === 'same-origin')
    findings.push({ code: 'referrer_policy_hides', what: `it says "${referrer}"` })
  const opener = sight.header('cross-origin-opener-policy')?.split(';')[0]?.trim()
  if (opener === 'same-origin') findings.push({ code: 'page_opener_policy', what: `it says "${opener}"` })
  return findings
}

function tagPolicyFindings(
  site: string,
  others: readonly string[],
  { src, nonce, hasSisterLinks }: ScriptTag,
  policies: readonly Policy[],
): Finding[] {
  const findings: Finding[] = []
  const scripts = forbidding(policies, ['script-src-elem', 'script-src', 'default-src'], {
    url: src,
    from: site,
    nonce,
  })
  if (scripts !== undefined) findings.push({ code: 'csp_script_src', what: `the policy says "${scripts}"` })
  if (!hasSisterLinks) return findings
  const forms = others
    .map((url) => forbidding(policies, ['form-action'], { url, from: site }))
    .find((said) => said !== undefined)
  if (forms !== undefined) findings.push({ code: 'csp_form_action', what: `the policy says "${forms}"` })
  return findings
}

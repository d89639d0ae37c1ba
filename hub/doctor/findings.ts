/** Everything that the doctor can find, in one table: `docs/doctor.md` is made from it, and so is each line that a person reads. */

export interface FindingKind {
  /** `error`: visitors do not share their session. `warning`: some of them do not, or not for long. */
  readonly level: 'error' | 'warning'
  readonly meaning: string
  readonly why: string
  readonly remedy: string
  /** Behind it nothing more could be looked at: the doctor ends with exit code 2. */
  readonly isBlind?: true
}

const kinds = {
  dns_failed: {
    level: 'error',
    meaning: 'The name of the hub or of a site leads to no address.',
    why: 'No browser reaches it, and the doctor cannot look at it either.',
    remedy: 'Correct the name on the command line, or the DNS record.',
    isBlind: true,
  },
  connect_failed: {
    level: 'error',
    meaning: 'Nothing answers at the address, or not within the time limit.',
    why: 'A sync waits for it until its own time limit, and shares nothing.',
    remedy: 'Start the server, open its port, or look at the proxy that stands before it.',
    isBlind: true,
  },
  tls_untrusted: {
    level: 'error',
    meaning: 'The certificate is for another name, is over, or leads to no authority that is trusted here.',
    why: 'A browser shows no warning for a frame: it loads nothing, and the sync fails in silence.',
    remedy:
      'Renew the certificate, and serve it with all intermediate ones. For an authority of your own, set NODE_EXTRA_CA_CERTS.',
    isBlind: true,
  },
  tls_expires_soon: {
    level: 'warning',
    meaning: 'The certificate ends within 14 days.',
    why: 'From that day on no browser loads the frame, and no site reaches the hub.',
    remedy: 'Look why the automatic renewal has not happened; it usually comes 30 days before.',
  },
  redirects_elsewhere: {
    level: 'error',
    meaning:
      'The address answers with a redirect to another origin, such as from "shop.example" to "www.shop.example".',
    why: 'Sessions are for exact origins. The SDK and the hub follow no redirect to another one.',
    remedy:
      'Give the doctor, the registration and the options the origin that visitors end up on, letter by letter. Where a page only asks for a sign-in elsewhere, name another page by "--page".',
  },
  hub_not_there: {
    level: 'error',
    meaning:
      'There is no hub at this origin: its document "/.well-known/session-hub" is missing, or is something else.',
    why: 'The frame is not there either, so no sync can happen.',
    remedy:
      'Mount `hub.router` at the root of the origin, before any catch-all route, and let the proxy pass all paths on unchanged.',
  },
  hub_origin_differs: {
    level: 'error',
    meaning: 'The hub has another `origin` in its configuration than the one at which browsers reach it.',
    why: 'It names itself in every ticket, and refuses the requests of its own pages: they come from another origin.',
    remedy: 'Set `origin` to the public origin, with https. The hub never derives it from a request.',
  },
  protocol_differs: {
    level: 'error',
    meaning: 'The hub speaks another version of the protocol than this command.',
    why: 'Hub and sites of different versions do not understand each other.',
    remedy: 'Update whichever is older, and run the doctor of the same version.',
  },
  keys_unusable: {
    level: 'error',
    meaning: 'The public keys of the hub cannot be read.',
    why: 'A site that has just started has no key to verify a ticket with, and refuses every one.',
    remedy:
      'Let the proxy pass "/.well-known/jwks.json" on. Some servers keep "/.well-known/" for themselves.',
  },
  keys_cached_long: {
    level: 'warning',
    meaning: 'Something between keeps the public keys of the hub for longer than an hour.',
    why: 'After a rotation the sites get the old keys, and refuse every new ticket.',
    remedy: 'Let the proxy or the CDN leave `Cache-Control: public, max-age=300` as the hub has sent it.',
  },
  hub_not_ready: {
    level: 'error',
    meaning:
      'The hub runs and says itself that it cannot work: its store does not answer, or it has no key to sign with.',
    why: 'Every sync ends with the error `unavailable`.',
    remedy: 'Read the log of the hub: `request_failed` with "where" at "/readyz" has the cause.',
  },
  clocks_differ: {
    level: 'error',
    meaning: 'The clocks of the hub and of the site are more than five seconds apart.',
    why: 'Tickets live for 30 seconds: one that seems too old, or from the future, is refused.',
    remedy: 'Let both machines keep their time by NTP.',
  },
  site_unregistered: {
    level: 'error',
    meaning: 'The hub knows no site of this origin, or it is turned off there.',
    why: 'The hub shows its frame to registered origins only. "www", the port and "http" are part of an origin.',
    remedy:
      '"session-hub sites add" makes a registration; restart the hub after it. For preview hosts that come and go, give `createHub` a `findSite`.',
  },
  frame_refused: {
    level: 'error',
    meaning: 'The hub, or something before it, refuses the document of the frame.',
    why: 'A sync begins with that document.',
    remedy:
      'Look up the code in docs/errors.md. Without a code the answer is not of the hub, but of a proxy, or of a firewall that keeps programs out.',
  },
  referer_removed: {
    level: 'error',
    meaning: 'The header `Referer` does not reach the hub.',
    why: 'The hub gives a decision only to a frame in a page of the site, and knows it by that header. Every sync is `blocked` by `referrer_missing`.',
    remedy: 'Let the proxy before the hub pass `Referer` on.',
  },
  fetch_metadata_removed: {
    level: 'error',
    meaning: 'The headers `Sec-Fetch-…` do not reach the hub, or not all of them.',
    why: 'By them the hub knows a frame, and whether the browser gives it cookies. Without them every sync is `blocked`.',
    remedy: 'Let the proxy before the hub pass all headers on that begin with "Sec-Fetch-".',
  },
  frame_ancestors_wrong: {
    level: 'error',
    meaning: 'The Content-Security-Policy of the frame does not let a page of the site embed it.',
    why: 'The hub names the site in `frame-ancestors`. A proxy has replaced that policy, or added a second one: all of them count.',
    remedy: 'Let the proxy leave the Content-Security-Policy of the hub alone.',
  },
  frame_options_added: {
    level: 'warning',
    meaning: 'A proxy adds `X-Frame-Options` to the frame of the hub.',
    why: 'Browsers pass over it only because the hub also sends `frame-ancestors`. Old ones, and webviews, do not.',
    remedy: 'Send no `X-Frame-Options` on the origin of the hub: it sends `frame-ancestors` itself.',
  },
  frame_script_blocked: {
    level: 'error',
    meaning:
      'The script in the frame is not the one that its policy allows: the document or the policy was changed on the way.',
    why: 'The browser runs exactly the script whose hash is in the policy. Anything else stays silent, and the sync is `failed` with `unreachable`.',
    remedy:
      'Turn off what changes HTML on the origin of the hub: minifying, analytics, "Rocket Loader", e-mail protection; and let its policy pass.',
  },
  frame_cached: {
    level: 'error',
    meaning: 'The frame of another visitor was in the answer: a cache has kept the document.',
    why: 'The document has a decision for one visitor, and perhaps a ticket.',
    remedy: 'Let no cache keep what says `Cache-Control: no-store`, whatever rule there is for HTML.',
  },
  frame_isolation: {
    level: 'warning',
    meaning: '`Cross-Origin-Embedder-Policy` or `Cross-Origin-Resource-Policy` of the frame were changed.',
    why: 'Pages that are isolated from other origins (COEP) can embed it only with both as the hub sends them.',
    remedy: 'Let the proxy leave these headers of the hub alone.',
  },
  popup_opener: {
    level: 'warning',
    meaning:
      'The small window of the hub has a `Cross-Origin-Opener-Policy` that cuts it off from the page that opened it.',
    why: 'In Firefox and Safari the rung `access` needs that window, and waits for its word.',
    remedy: 'Let the proxy leave `Cross-Origin-Opener-Policy: unsafe-none` of "/unlock" alone.',
  },
  request_origin_lost: {
    level: 'error',
    meaning: 'A request that a page sends to its own server arrives as if another page had sent it.',
    why: 'Hub and sites take requests from pages of their own only, and know them by `Origin` and `Sec-Fetch-Site`.',
    remedy:
      'Let the proxy pass `Origin`, `Sec-Fetch-Site` and `X-Session-Hub` on, and compare the option `origin` with the address bar.',
  },
  host_rewritten: {
    level: 'error',
    meaning: 'The site gets another `Host` than the one that it is configured for.',
    why: 'The site compares `Host` with its `origin`, and refuses every sync with `host_denied`.',
    remedy: 'Let the proxy pass `Host` on (nginx: `proxy_set_header Host $host`), or set the option `host`.',
  },
  body_lost: {
    level: 'error',
    meaning: 'The body of a POST does not arrive as it was sent.',
    why: 'Syncs and offers are POST requests with JSON.',
    remedy:
      'Mount the router before any body parser, or let the parser be `express.json()`. Look for a proxy that drops bodies or changes `Content-Type`.',
  },
  post_blocked: {
    level: 'error',
    meaning:
      'Something refuses a POST before it reaches the router: a CSRF guard, a firewall, or a route of the application.',
    why: 'Syncs and offers are POST requests. The router has its own guard against other origins.',
    remedy: 'Mount the router before the CSRF guard, and let the firewall pass its paths.',
  },
  cookie_missing: {
    level: 'error',
    meaning: 'A cookie that hub or site sets does not arrive.',
    why: 'Without it a session is lost with the next request.',
    remedy: 'Let the proxy or the CDN pass `Set-Cookie` on, and keep no answer that has one.',
  },
  cookie_changed: {
    level: 'error',
    meaning: 'A cookie arrives with another name or with other attributes than hub or site have given it.',
    why: 'Browsers drop a `__Host-` cookie that has a `Domain`, another path, or no `Secure`. Without `HttpOnly` scripts read it; `Partitioned` gives each site a hub session of its own.',
    remedy:
      'Turn off what rewrites cookies in the proxy, such as `proxy_cookie_flags`, `proxy_cookie_domain` or `Header edit Set-Cookie`.',
  },
  page_unreadable: {
    level: 'warning',
    meaning: 'The page of the site cannot be read as a visitor without a session would read it.',
    why: 'The doctor cannot see its headers and its script tag.',
    remedy: 'Name a public page by "--page", such as "--page /en/".',
  },
  tag_missing: {
    level: 'warning',
    meaning: 'The page has no script tag of the SDK.',
    why: 'Nothing on it syncs, unless a bundle brings the SDK along: that the doctor cannot see.',
    remedy: 'Put `site.scriptTag(req)` into the page, or name a page that has it by "--page".',
  },
  tag_names_other_hub: {
    level: 'error',
    meaning: 'The page or the backend of the site names another hub.',
    why: 'The site is in sync with the sites of that hub.',
    remedy: 'Compare the option `hub` of the site with the origin of the hub.',
  },
  sdk_not_served: {
    level: 'error',
    meaning: 'The file of the SDK that the page asks for is not served as a script.',
    why: 'Without it no sync begins.',
    remedy:
      'Mount `site.router` before static files and catch-all routes, and let the proxy pass the path of its endpoints on.',
  },
  sdk_cache: {
    level: 'warning',
    meaning: 'The file of the SDK is cached for too short or too long a time.',
    why: 'Its name changes with every version, so it may be kept for ever. Without a version in its name it must not be.',
    remedy: 'Let the proxy or the CDN leave `Cache-Control` as it is sent.',
  },
  sdk_integrity_wrong: {
    level: 'error',
    meaning: 'The file of the SDK is not the one whose hash the script tag has.',
    why: 'The browser refuses to run it.',
    remedy: 'Print the tag again with "session-hub sdk" after each update of the hub.',
  },
  csp_frame_src: {
    level: 'error',
    meaning: 'The Content-Security-Policy of the page does not allow the frame of the hub.',
    why: 'The browser does not load the frame, and every sync is `failed` with `unreachable`.',
    remedy: 'Add the origin of the hub to `frame-src`.',
  },
  csp_script_src: {
    level: 'error',
    meaning: 'The Content-Security-Policy of the page does not allow the SDK.',
    why: 'The browser does not run it.',
    remedy: "Give `scriptTag` the nonce of the policy, or add `'self'` to `script-src`.",
  },
  csp_connect_src: {
    level: 'error',
    meaning: 'The Content-Security-Policy of the page does not allow requests to its own server.',
    why: 'The SDK brings the ticket to the backend by such a request.',
    remedy: "Add `'self'` to `connect-src`.",
  },
  csp_form_action: {
    level: 'warning',
    meaning: 'The Content-Security-Policy of the page allows no form to a sister site.',
    why: 'A link brings the session along by a form that is sent there. It leads on without the session.',
    remedy: 'Add the origins of the sister sites to `form-action`.',
  },
  page_sandboxed: {
    level: 'error',
    meaning:
      'The Content-Security-Policy of the page has a `sandbox` without `allow-scripts` or `allow-same-origin`.',
    why: 'Such a page has no cookies, or no scripts.',
    remedy: 'Add both words, or take `sandbox` away.',
  },
  permissions_storage_access: {
    level: 'warning',
    meaning: 'The Permissions-Policy of the page keeps storage access from the hub.',
    why: 'Where the browser blocks third-party cookies, the rungs `frame` and `access` stay closed.',
    remedy: 'Take `storage-access` out of the header, or add the origin of the hub to its list.',
  },
  referrer_policy_hides: {
    level: 'warning',
    meaning: 'The Referrer-Policy of the page hides where its visitors come from.',
    why: 'A link that opens a window cannot bring the session along, and the next site does not see that a visitor comes from a sister.',
    remedy:
      'Send `Referrer-Policy: strict-origin-when-cross-origin`. The default of helmet is `no-referrer`.',
  },
  page_opener_policy: {
    level: 'warning',
    meaning: 'The page has `Cross-Origin-Opener-Policy: same-origin`.',
    why: 'In Firefox and Safari the rung `access` opens a small window, whose word does not reach such a page.',
    remedy: 'Send `same-origin-allow-popups`. The default of helmet is `same-origin`.',
  },
  endpoint_not_there: {
    level: 'error',
    meaning: 'The endpoints of the site are not where the page looks for them.',
    why: 'The SDK brings tickets there. A proxy that takes a prefix off, or passes only some paths on, hides them.',
    remedy:
      'Mount `site.router` at the root of the application; set the option `endpoint` to the path as browsers see it. An application on many domains answers for the hosts of `origins` or `findOrigin` only.',
  },
  endpoint_unregistered: {
    level: 'error',
    meaning: 'The hub has another path for the endpoints of the site than the page has.',
    why: 'The hub leads a redirect, and a link, to a path that does not exist.',
    remedy: 'Set `endpoint` in the registration to that of the site: "session-hub sites add --endpoint".',
  },
  keys_do_not_match: {
    level: 'error',
    meaning: 'The hub does not accept the keys of the site.',
    why: 'No ticket can be redeemed: visitors get `unavailable`.',
    remedy:
      'Give the site the keys that "session-hub sites add" has made together with the registration. The log of the hub names the key (`site_token_refused`), the log of the site too (`site_refused`).',
  },
  hub_unreachable_from_site: {
    level: 'error',
    meaning: 'The backend of the site does not reach the hub.',
    why: 'It redeems tickets there. A browser may reach the hub where the backend cannot.',
    remedy:
      'Look at the network between them, at the certificate as the machine of the site sees it, and at the option `backchannel`. The log of the site has `hub_unreachable`.',
  },
  handover_failed: {
    level: 'error',
    meaning: 'A redirect from the site over the hub and back did not arrive as it should.',
    why: 'That is the last rung, for browsers that allow nothing else. What breaks it usually breaks the other rungs too.',
    remedy: 'Look up the code in docs/errors.md, and the same code in the logs of site and hub.',
  },
  sister_missing: {
    level: 'warning',
    meaning: 'The page carries the session by links, and another of the given sites is none of its sisters.',
    why: 'A link there leads on without the session.',
    remedy: 'Add it to `sisters` in the registration: "session-hub sites add --sister".',
  },
  stream_held_back: {
    level: 'error',
    meaning: 'What the site sends step by step arrives all at once, or not at all.',
    why: 'Open pages hear of a sign-out only when they look again. A proxy collects the answer before it passes it on, or compresses it.',
    remedy:
      'Turn off buffering and compression for event streams (nginx: `proxy_buffering off`; or let it heed `X-Accel-Buffering: no`).',
  },
  hub_on_private_address: {
    level: 'error',
    meaning: 'The hub has a private address, and the site a public one.',
    why: 'A browser asks its visitor before a public page may load something from the local network, and for a hidden frame it refuses.',
    remedy: 'Give the hub a public address, or the site a private one too.',
  },
  bounce_tracking: {
    level: 'warning',
    meaning: 'The hub has a registrable domain that none of the sites has.',
    why: 'Visitors use no page of it. To a browser the redirect looks like tracking, and it may delete the cookies of the hub: then each site keeps its own session.',
    remedy:
      'Put the hub on a subdomain of the site that most visitors use, such as "hub.shop.example". Or accept it, by "--ignore bounce_tracking".',
  },
  seven_days: {
    level: 'warning',
    meaning: 'The hub is a subdomain of the site, and on another network.',
    why: 'Safari takes such a subdomain for a disguised tracker, and keeps its cookies for seven days at most.',
    remedy:
      'Serve both from one network, such as behind the same proxy or CDN. Or accept it, by "--ignore seven_days".',
  },
} as const satisfies Record<string, FindingKind>

export type FindingCode = keyof typeof kinds

export const findingKinds: Readonly<Record<FindingCode, FindingKind>> = kinds

export const findingCodes = Object.keys(kinds) as readonly FindingCode[]

export const isFindingCode = (given: string): given is FindingCode => Object.hasOwn(kinds, given)

export interface Finding {
  readonly code: FindingCode
  /** What was seen, in one sentence. */
  readonly what: string
}

/** One thing that was looked at. */
export interface Line {
  /** The origin that it is about. */
  readonly about: string
  readonly looked: string
  readonly findings: readonly Finding[]
  /** Why it could not be looked at. */
  readonly skipped?: string
}

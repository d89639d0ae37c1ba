/** Everything that the doctor can find, in one table. `docs/doctor.md` is made from it, and so is each line that a person reads. */

export interface FindingKind {
  /** `error`: visitors do not share their session. `warning`: some visitors do not, or not for long. */
  readonly level: 'error' | 'warning'
  readonly meaning: string
  readonly why: string
  readonly remedy: string
  /** Nothing more could be checked after this finding: the doctor ends with exit code 2. */
  readonly isBlind?: true
}

const kinds = {
  dns_failed: {
    level: 'error',
    meaning: 'The name of the hub or of a site does not resolve to an address.',
    why: 'No browser can reach it, and the doctor cannot examine it.',
    remedy: 'Correct the name on the command line, or the DNS record.',
    isBlind: true,
  },
  connect_failed: {
    level: 'error',
    meaning: 'Nothing answers at the address, or not within the time limit.',
    why: 'A sync waits for it until its own time limit, and shares nothing.',
    remedy: 'Start the server, open its port, or check the proxy in front of it.',
    isBlind: true,
  },
  tls_untrusted: {
    level: 'error',
    meaning:
      'The certificate is for another name, has expired, or is not signed by an authority that this machine trusts.',
    why: 'A browser shows no warning for a frame: it loads nothing, and the sync fails silently.',
    remedy:
      'Renew the certificate, and serve it with all intermediate certificates. For an authority of your own, set NODE_EXTRA_CA_CERTS.',
    isBlind: true,
  },
  tls_expires_soon: {
    level: 'warning',
    meaning: 'The certificate expires within 14 days.',
    why: 'After that day no browser loads the frame, and no site reaches the hub.',
    remedy: 'Find out why the automatic renewal has not happened; it usually runs 30 days before.',
  },
  redirects_elsewhere: {
    level: 'error',
    meaning:
      'The address answers with a redirect to another origin, such as from "shop.example" to "www.shop.example".',
    why: 'Sessions are for exact origins. The SDK and the hub follow no redirect to another one.',
    remedy:
      'Give the doctor, the registration and the options the origin that visitors end up on, letter by letter. If the page only asks for a sign-in elsewhere, name another page with "--page".',
  },
  hub_not_there: {
    level: 'error',
    meaning:
      'There is no hub at this origin: its document "/.well-known/session-hub" is missing, or is something else.',
    why: 'Without a hub there is no frame either, so no sync can happen.',
    remedy:
      'Mount `hub.router` at the root of the origin, before any catch-all route, and let the proxy forward all paths unchanged.',
  },
  hub_origin_differs: {
    level: 'error',
    meaning: 'The `origin` in the configuration of the hub is not the one at which browsers reach it.',
    why: 'The hub names that origin in every ticket, and refuses the requests of its own pages, because they come from another origin.',
    remedy: 'Set `origin` to the public origin, with https. The hub never derives it from a request.',
  },
  protocol_differs: {
    level: 'error',
    meaning: 'The hub speaks another version of the protocol than this command.',
    why: 'Hub and sites of different versions do not understand each other.',
    remedy: 'Update whichever is older, and run the doctor of the same version.',
  },
  hub_not_ready: {
    level: 'error',
    meaning: 'The hub runs, but says that it cannot work: its store does not answer.',
    why: 'Every sync ends with the error `unavailable`.',
    remedy: 'Read the log of the hub: the entry `request_failed` for "/readyz" has the cause.',
  },
  clocks_differ: {
    level: 'error',
    meaning: 'The clocks of the hub and of the site are more than five seconds apart.',
    why: 'Tickets live for 30 seconds. The site refuses one that seems too old, or from the future.',
    remedy: 'Synchronise both machines by NTP.',
  },
  site_unregistered: {
    level: 'error',
    meaning: 'No site with this origin is registered with the hub, or it is turned off there.',
    why: 'The hub shows its frame to registered origins only. "www", the port and "http" are part of an origin.',
    remedy:
      'Register the origin: "session-hub sites add <origin> --config <file>" puts it into the store of a running hub (`storedSites`), "--file" into the list of sites, which the hub reads again at SIGHUP. For preview hosts that come and go, register "https://*.preview.example" once: it covers names with exactly one more label.',
  },
  frame_refused: {
    level: 'error',
    meaning: 'The hub, or something before it, refuses the document of the frame.',
    why: 'A sync begins with that document.',
    remedy:
      'Look up the code in docs/errors.md. Without a code, the answer comes not from the hub but from a proxy, or from a firewall that keeps programs out.',
  },
  referer_removed: {
    level: 'error',
    meaning: 'The header `Referer` does not reach the hub.',
    why: 'The hub gives a decision only to a frame in a page of the site, which it recognises by that header. Every sync is `blocked` with the reason `referrer_missing`.',
    remedy: 'Let the proxy in front of the hub forward `Referer`.',
  },
  fetch_metadata_removed: {
    level: 'error',
    meaning: 'The headers `Sec-Fetch-…` do not reach the hub, or not all of them.',
    why: 'They tell the hub that the request comes from a frame, and whether the browser gives that frame its cookies. Without them every sync is `blocked`.',
    remedy: 'Let the proxy in front of the hub forward all headers that begin with "Sec-Fetch-".',
  },
  frame_ancestors_wrong: {
    level: 'error',
    meaning: 'The Content-Security-Policy of the frame does not let a page of the site embed it.',
    why: 'The hub names the site in `frame-ancestors`. A proxy has replaced that policy, or added a second one; browsers enforce all of them.',
    remedy: 'Let the proxy forward the Content-Security-Policy of the hub unchanged.',
  },
  frame_options_added: {
    level: 'warning',
    meaning: 'A proxy adds `X-Frame-Options` to the frame of the hub.',
    why: 'Browsers ignore it only because the hub also sends `frame-ancestors`. Old browsers and some web views do not.',
    remedy: 'Send no `X-Frame-Options` on the origin of the hub: it sends `frame-ancestors` itself.',
  },
  frame_script_blocked: {
    level: 'error',
    meaning:
      'The frame does not have the script that its policy allows: a proxy has changed the document or the policy.',
    why: 'The browser runs only the script whose hash is in the policy. Without it the frame says nothing, and the sync is `failed` with the reason `unreachable`.',
    remedy:
      'Turn off whatever changes HTML on the origin of the hub, such as minifying, analytics, "Rocket Loader" or e-mail protection, and forward its policy unchanged.',
  },
  frame_cached: {
    level: 'error',
    meaning: 'The answer was the frame of another request: a cache has kept the document.',
    why: 'The document holds the decision for one visitor, and perhaps a ticket.',
    remedy: 'Make the cache respect `Cache-Control: no-store`, whatever rule it has for HTML.',
  },
  frame_isolation: {
    level: 'warning',
    meaning:
      'A proxy has changed `Cross-Origin-Embedder-Policy` or `Cross-Origin-Resource-Policy` of the frame.',
    why: 'Pages that are isolated from other origins (COEP) can embed the frame only if both arrive as the hub sends them.',
    remedy: 'Let the proxy forward these headers of the hub unchanged.',
  },
  sdk_isolated: {
    level: 'error',
    meaning:
      'The page has `Cross-Origin-Embedder-Policy: require-corp`, and the file of the SDK comes from another origin without `Cross-Origin-Resource-Policy: cross-origin`.',
    why: 'The browser blocks the file: such a page loads from elsewhere only what says that it may be loaded.',
    remedy:
      'Let the proxy of the hub forward `Cross-Origin-Resource-Policy` unchanged, or load the SDK from the site itself, as `scriptTag` does.',
  },
  popup_opener: {
    level: 'warning',
    meaning:
      'The small window of the hub has a `Cross-Origin-Opener-Policy` that cuts it off from the page that opened it.',
    why: 'In Firefox and Safari the rung `access` opens that window, and waits for a message from it.',
    remedy: 'Let the proxy forward `Cross-Origin-Opener-Policy: unsafe-none` of "/unlock" unchanged.',
  },
  request_origin_lost: {
    level: 'error',
    meaning: 'A request that a page sends to its own server arrives as if another page had sent it.',
    why: 'Hub and sites accept requests from their own pages only, which they recognise by `Origin` and `Sec-Fetch-Site`.',
    remedy:
      'Let the proxy forward `Origin`, `Sec-Fetch-Site` and `X-Session-Hub`, and compare the option `origin` with the address bar.',
  },
  host_rewritten: {
    level: 'error',
    meaning: 'The `Host` that arrives at the site is not the one that it is configured for.',
    why: 'The site compares `Host` with its `origin`, and refuses every sync with `host_denied`.',
    remedy: 'Let the proxy forward `Host` (nginx: `proxy_set_header Host $host`), or set the option `host`.',
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
    remedy: 'Mount the router before the CSRF guard, and allow its paths in the firewall.',
  },
  cookie_missing: {
    level: 'error',
    meaning: 'A cookie that the hub or the site sets does not arrive at the browser, or does not come back.',
    why: 'Without it a session is lost with the next request.',
    remedy: 'Let the proxy or the CDN forward `Set-Cookie` and `Cookie`, and cache no answer that has one.',
  },
  answer_cacheable: {
    level: 'error',
    meaning: 'Something lets shared caches keep answers of the site that are for one visitor.',
    why: 'The site says `no-store`. Where a cache keeps an answer with a session cookie, the next visitor gets the session of another.',
    remedy:
      'Set no `Cache-Control` and no `CDN-Cache-Control` for the endpoints and for routes that use the session: not in the proxy or the CDN, and not in `headers()` of `next.config.ts`.',
  },
  cookie_changed: {
    level: 'error',
    meaning:
      'A cookie arrives with another name, or with other attributes, than the hub or the site gave it.',
    why: 'Browsers drop a `__Host-` cookie that has a `Domain`, another path, or no `Secure`. Without `HttpOnly` scripts read it; `Partitioned` gives each site a hub session of its own.',
    remedy:
      'Turn off whatever rewrites cookies in the proxy, such as `proxy_cookie_flags`, `proxy_cookie_domain` or `Header edit Set-Cookie`.',
  },
  page_unreadable: {
    level: 'warning',
    meaning: 'The doctor cannot read the page of the site, as a visitor without a session would.',
    why: 'It then cannot see the headers and the script tag of the page.',
    remedy: 'Name a public page with "--page", such as "--page /en/".',
  },
  tag_missing: {
    level: 'warning',
    meaning: 'The page has no script tag of the SDK.',
    why: 'The page does not sync, unless a bundle contains the SDK, which the doctor cannot see.',
    remedy: 'Put `site.scriptTag(req)` into the page, or name a page that has it with "--page".',
  },
  tag_names_other_hub: {
    level: 'error',
    meaning: 'The page or the backend of the site names another hub.',
    why: 'The site is in sync with the sites of that other hub.',
    remedy: 'Compare the option `hub` of the site with the origin of the hub.',
  },
  sdk_not_served: {
    level: 'error',
    meaning: 'The file of the SDK that the page asks for is not served as a script.',
    why: 'Without it no sync begins.',
    remedy:
      'Mount `site.router` before static files and catch-all routes, and let the proxy forward the path of its endpoints.',
  },
  sdk_cache: {
    level: 'warning',
    meaning: 'The file of the SDK is cached for too short a time, or for too long.',
    why: 'A name with a version may be cached for ever, since each version has another name. A name without one must not be.',
    remedy: 'Let the proxy or the CDN forward `Cache-Control` unchanged.',
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
    why: 'The browser does not load the frame, and every sync is `failed` with the reason `unreachable`.',
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
    why: 'The SDK sends the ticket to the backend by such a request.',
    remedy: "Add `'self'` to `connect-src`.",
  },
  csp_form_action: {
    level: 'warning',
    meaning: 'The Content-Security-Policy of the page allows no form to a sister site.',
    why: 'A link carries the session by submitting a form to the sister site. Without that, the visitor arrives without the session.',
    remedy: 'Add the origins of the sister sites to `form-action`.',
  },
  page_sandboxed: {
    level: 'error',
    meaning:
      'The Content-Security-Policy of the page has a `sandbox` without `allow-scripts` or `allow-same-origin`.',
    why: 'Such a page has no cookies, or runs no scripts.',
    remedy: 'Add both words, or remove `sandbox`.',
  },
  permissions_storage_access: {
    level: 'warning',
    meaning: 'The Permissions-Policy of the page denies storage access to the hub.',
    why: 'Where the browser blocks third-party cookies, the rungs `frame` and `access` do not work.',
    remedy: 'Remove `storage-access` from the header, or add the origin of the hub to its list.',
  },
  referrer_policy_hides: {
    level: 'warning',
    meaning: 'The Referrer-Policy of the page hides from the next page where a visitor came from.',
    why: 'A link that opens a new window cannot carry the session, and the next site cannot see that a visitor comes from a sister.',
    remedy:
      'Send `Referrer-Policy: strict-origin-when-cross-origin`. The default of helmet is `no-referrer`.',
  },
  page_opener_policy: {
    level: 'warning',
    meaning: 'The page has `Cross-Origin-Opener-Policy: same-origin`.',
    why: 'In Firefox and Safari the rung `access` opens a small window, whose message does not reach such a page.',
    remedy: 'Send `same-origin-allow-popups`. The default of helmet is `same-origin`.',
  },
  endpoint_not_there: {
    level: 'error',
    meaning: 'The endpoints of the site are not where the page looks for them.',
    why: 'The SDK sends tickets there. A proxy that strips a prefix, or forwards only some paths, hides them.',
    remedy:
      'Mount `site.router` at the root of the application; set the option `endpoint` to the path as browsers see it. An application on many domains answers for the hosts of `origins` or `findOrigin` only.',
  },
  endpoint_unregistered: {
    level: 'error',
    meaning: 'The path of the endpoints in the registration is not the one that the page has.',
    why: 'A redirect, or a link, ends at a path that does not exist.',
    remedy: 'Set `endpoint` in the registration to that of the site: "session-hub sites add --endpoint".',
  },
  keys_do_not_match: {
    level: 'error',
    meaning: 'The hub does not accept the keys of the site.',
    why: 'No ticket can be redeemed: visitors get `unavailable`.',
    remedy:
      'Give the site the keys that "session-hub sites add" made together with the registration, or the newest after "sites rotate-keys". The logs of the hub (`site_token_refused`) and of the site (`site_refused`) name the key; `ticket_key_unknown` there means the ticket key.',
  },
  jwks_cache: {
    level: 'warning',
    meaning:
      'Something between the site and the doctor keeps the keys of the site longer than 300 seconds, or lets nobody keep them.',
    why: 'Services that verify the session tokens of the site read its keys there. Kept too long, they miss a new key and refuse good tokens; never kept, the site answers each of their requests.',
    remedy:
      'Let the CDN or proxy forward `Cache-Control: public, max-age=300` of "jwks.json" unchanged, and keep the file no longer than that.',
  },
  hub_unreachable_from_site: {
    level: 'error',
    meaning: 'The backend of the site does not reach the hub.',
    why: 'It redeems tickets there. A browser may reach the hub where the backend cannot.',
    remedy:
      'Check the network between them, the certificate as the machine of the site sees it, and the option `backchannel`. The log of the site has `hub_unreachable`.',
  },
  handover_failed: {
    level: 'error',
    meaning: 'A redirect from the site to the hub and back failed.',
    why: 'The redirect is the last rung, for browsers that allow nothing else. What breaks it usually breaks the other rungs too.',
    remedy: 'Look up the code in docs/errors.md, and the same code in the logs of site and hub.',
  },
  sister_missing: {
    level: 'warning',
    meaning:
      'The links of the page carry the session to its sister sites, and another of the given sites is not one of them.',
    why: 'A visitor who follows a link to that site arrives without the session.',
    remedy: 'Add it to `sisters` in the registration: "session-hub sites add --sister".',
  },
  trust_proxy_too_wide: {
    level: 'warning',
    meaning: 'The hub or the site takes the address that a visitor has written into `X-Forwarded-For`.',
    why: 'Rate limits count by that address. Whoever makes up a new one for each request has no limit, and can use up the limit of somebody else.',
    remedy:
      'Set `proxyHops` or `trust proxy` to the number of your own proxies, never to `true`, and let the outermost of them add to `X-Forwarded-For`, or replace it (nginx: `$proxy_add_x_forwarded_for`).',
  },
  trust_proxy_missing: {
    level: 'warning',
    meaning: 'The hub or the site counts a visitor by the address of a proxy.',
    why: 'All visitors share one rate limit. On a busy day they get `rate_limited`.',
    remedy:
      'Set `proxyHops`, or `trust proxy` of Express or Fastify, to the number of your proxies. The log says `proxy_untrusted`.',
  },
  forwarded_host_believed: {
    level: 'warning',
    meaning:
      'The page makes addresses of `X-Forwarded-Host` or `X-Forwarded-Proto`, which a visitor can write.',
    why: 'Session Hub itself ignores both. But a link in a mail or in a cached page could lead elsewhere, and `trust proxy` that goes so far usually believes a made-up `X-Forwarded-For` too.',
    remedy:
      'Let the outermost proxy replace both headers, or remove them. Set `trust proxy` to the number of your proxies, and make addresses of the configured origin.',
  },
  stream_cut: {
    level: 'warning',
    meaning: 'Something cuts off the event stream of the site, which stays open as long as the page.',
    why: 'The page opens it again, and misses nothing. Until then it does not hear of a sign-out, and each time costs a request.',
    remedy:
      'Raise the time limit of the proxy or load balancer for answers and for quiet connections above 60 seconds (nginx: `proxy_read_timeout`). A beat comes every 20 seconds. "--listen" looks for 45 seconds.',
  },
  stream_held_back: {
    level: 'error',
    meaning: 'What the site sends step by step arrives all at once, or not at all.',
    why: 'Open pages learn of a sign-out only when they ask again. A proxy buffers the answer, or compresses it.',
    remedy:
      'Turn off buffering and compression for event streams (nginx: `proxy_buffering off`; or let it respect `X-Accel-Buffering: no`).',
  },
  hub_on_private_address: {
    level: 'error',
    meaning: 'The hub has a private address, and the site a public one.',
    why: 'Browsers ask the visitor, or refuse, when a public page loads something from the local network.',
    remedy: 'Give the hub a public address, or the site a private one too.',
  },
  bounce_tracking: {
    level: 'warning',
    meaning: 'The hub has a registrable domain that none of the sites has.',
    why: 'Visitors never use a page of that domain. To a browser the redirect looks like tracking, so it may delete the cookies of the hub; each site then keeps its own session (docs/bounce-tracking.md).',
    remedy:
      'Put the hub on a subdomain of the site that most visitors use, such as "hub.shop.example". Or accept this finding with "--ignore bounce_tracking".',
  },
  seven_days: {
    level: 'warning',
    meaning: 'The hub is a subdomain of the site, but on another network.',
    why: 'Safari treats such a subdomain as a disguised tracker, and keeps its cookies for at most seven days.',
    remedy:
      'Serve both from one network, such as behind the same proxy or CDN. Or accept this finding with "--ignore seven_days".',
  },
  browser_missing: {
    level: 'error',
    meaning: 'With `--from-browser`: there is no Chromium on this machine, or it does not start.',
    why: 'The doctor could not check what only a browser shows.',
    remedy:
      'Install Chromium, Chrome or Edge, or name its file with "--browser". In a container, install the libraries that it needs too.',
    isBlind: true,
  },
  browser_page_failed: {
    level: 'error',
    meaning: 'A browser cannot load the page of the site.',
    why: 'Without a page there is no sync.',
    remedy: 'Open the address in a browser on this machine. Name another page with "--page".',
  },
  browser_no_sdk: {
    level: 'error',
    meaning: 'The page is there, but its SDK does not run: `SessionHub` does not exist.',
    why: 'A policy, a blocked file or a script error stopped it. Nothing is shared on this page.',
    remedy:
      'Look at the console of the page. Allow the file of the SDK in `script-src`, or give its tag the nonce of the policy.',
  },
  browser_blocked: {
    level: 'error',
    meaning: 'The frame of the hub has no cookies, although the browser allows those of other sites.',
    why: 'Something in between made the frame a third party: a policy of the page, a header that was changed, or cookies with `Partitioned`.',
    remedy:
      'Let `Referer`, `Sec-Fetch-…` and `Set-Cookie` pass unchanged, and set no `Permissions-Policy` against "storage-access".',
  },
  browser_sync_failed: {
    level: 'error',
    meaning: 'The sync of the SDK ends without an answer from the hub.',
    why: 'The visitor keeps the session of the site, and shares nothing.',
    remedy:
      'Look up the reason in docs/errors.md. `SessionHub.explain()` in the console of the page says more.',
  },
  browser_redirect_failed: {
    level: 'error',
    meaning: 'A redirect through the hub does not bring the visitor back with an answer.',
    why: 'Where browsers block the cookies of other sites, the redirect is the way that always works.',
    remedy:
      'Look at the other findings for this site first. The log of the site says why under `request_failed` or `request_refused`.',
  },
  browser_errors: {
    level: 'warning',
    meaning: 'The console of the page shows an error.',
    why: 'A policy that blocks something, or a script that stops, may keep the SDK or your own code from working.',
    remedy: 'Fix what the console reports. Or accept this finding with "--ignore browser_errors".',
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

/** One check. */
export interface Line {
  /** The origin that was checked. */
  readonly about: string
  readonly looked: string
  readonly findings: readonly Finding[]
  /** The reason why it could not be checked. */
  readonly skipped?: string
}

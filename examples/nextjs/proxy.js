import { NextResponse } from 'next/server'

import { addressOf, getSite } from './lib/site.js'

export async function proxy(request) {
  const site = await getSite()
  const visit = await site.visit(request, { address: addressOf(request) })
  return visit.response ?? visit.respond(NextResponse.next())
}

// Pages only. The endpoints and the route handlers below /api have a visit of their own.
export const config = { matcher: '/((?!api/|session-hub/|_next/).*)' }

import { getSite } from '../../../lib/site.js'

export async function POST(request) {
  const site = await getSite()
  const { name } = await request.json()
  return site.fetch(request, async (visit) => {
    // Check the password or the passkey first. This example believes everybody.
    await visit.signIn({ subject: name })
    return Response.json({})
  })
}

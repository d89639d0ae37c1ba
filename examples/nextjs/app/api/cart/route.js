import { getSite } from '../../../lib/site.js'

export async function POST(request) {
  const site = await getSite()
  const { item } = await request.json()
  return site.fetch(request, async ({ session }) =>
    Response.json(await session.update(({ cart = [] }) => ({ cart: [...cart, item] }))),
  )
}

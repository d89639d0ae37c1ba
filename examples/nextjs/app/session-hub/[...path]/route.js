import { addressOf, getSite } from '../../../lib/site.js'

async function answer(given) {
  const site = await getSite()
  // Next.js compresses answers itself, and removes the Content-Encoding of others.
  const request = new Request(given)
  request.headers.delete('accept-encoding')
  const notFound = () => new Response('Not found', { status: 404 })
  return site.fetch(request, notFound, { address: addressOf(request) })
}

export { answer as GET, answer as POST }

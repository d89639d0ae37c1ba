/**
 * The small site of `../site-app.ts` as an App Router application: pages that server components make, a proxy file before them, and route handlers.
 * Next.js is heavy, so it is installed and built elsewhere; the sites themselves are the tests' own, of the process that serves the application.
 */
import { type InstalledProject, installProject } from '../installed-project.js'

const files = {
  'lib.js': `
    export const siteOf = (request) => globalThis.sitesOfTests.get(request.headers.get('x-site-of-test'))
    export const optionsOf = (request) => ({ address: request.headers.get('x-visitor-address') ?? undefined })
`,
  'app/session-hub/[...path]/route.js': `
    import { optionsOf, siteOf } from '../../../lib'

    async function answer(given) {
      const request = new Request(given)
      request.headers.delete('accept-encoding')
      const other = (visit) =>
        visit ? new Response('Not found', { status: 404 }) : Response.json({ elsewhere: true })
      return siteOf(request).site.fetch(request, other, optionsOf(request))
    }

    export { answer as GET, answer as POST, answer as PUT, answer as DELETE, answer as PATCH, answer as OPTIONS }
`,
  'app/[route]/route.js': `
    import { optionsOf, siteOf } from '../../lib'

    const routes = {
      'GET whoami': async ({ session }) => {
        const data = await session.data()
        return { session: session.status, subject: session.subject, claims: session.claims, data }
      },
      'GET strict': async ({ session }) => ({
        data: await session.data({ strict: true }),
        endReason: session.endReason,
      }),
      'GET end-reason': async ({ session }) => ({ data: await session.data(), endReason: session.endReason }),
      'GET who': ({ session }) => ({
        session: session.status,
        subject: session.subject,
        isStale: session.isStale,
      }),
      'POST cart': async ({ session }, { item }) =>
        session.update(({ cart = [] }) => ({ cart: [...cart, item] })),
      'POST wish': ({ session }, { wish }) => session.update({ wish }),
      'POST patch': ({ session }, patch) => session.update(patch),
      'POST sign-in': async (visit, { name: subject, claims, idp }) => {
        await visit.signIn({ subject, ...(claims && { claims }), ...(idp && { idp }) })
        return { subject: visit.session.subject }
      },
      'POST sign-out': async (visit) => {
        await visit.signOut()
        return {}
      },
    }

    async function answer(request, { params }) {
      const { route } = await params
      const act = routes[\`\${request.method} \${route}\`]
      const serve = async (visit) => {
        if (!visit) return Response.json({ elsewhere: true })
        if (!act) return new Response('Not found', { status: 404 })
        try {
          const hasBody = request.method === 'POST' && route !== 'sign-out'
          return Response.json(await act(visit, hasBody ? await request.json() : undefined))
        } catch ({ status = 500, code = 'unknown' }) {
          return Response.json({ error: code }, { status })
        }
      }
      const { site, redirectOnce } = siteOf(request)
      return site.fetch(request, serve, { ...optionsOf(request), redirectOnce })
    }

    export { answer as GET, answer as POST }
`,
  'proxy.js': `
    import { NextResponse } from 'next/server'

    import { optionsOf, siteOf } from './lib'

    export async function proxy(request) {
      const { site, redirectOnce } = siteOf(request)
      const visit = await site.visit(request, { ...optionsOf(request), redirectOnce })
      if (!visit) return NextResponse.json({ elsewhere: true })
      return visit.response ?? visit.respond(NextResponse.next())
    }

    export const config = { matcher: ['/', '/plain'] }
`,
  'app/layout.jsx': `
    import { connection } from 'next/server'

    export default async function Layout({ children }) {
      await connection()
      return (
        <html>
          <head>
            <link rel="icon" href="data:," />
          </head>
          <body>{children}</body>
        </html>
      )
    }
`,
  'app/page.jsx': `
    import { headers } from 'next/headers'

    import { siteOf } from '../lib'

    export default async function Page({ searchParams }) {
      const { start } = await searchParams
      const { name, site } = siteOf({ headers: await headers() })
      const script = site.scriptTag(undefined, { start: ['idle', 'manual'].includes(start) ? start : 'auto' })
      return (
        <>
          <title>{name}</title>
          <h1>{name}</h1>
          <div dangerouslySetInnerHTML={{ __html: script }} />
        </>
      )
    }
`,
  'app/plain/page.jsx': `
    import { headers } from 'next/headers'

    import { siteOf } from '../../lib'

    export default async function Page() {
      const { name } = siteOf({ headers: await headers() })
      return (
        <>
          <title>{name}</title>
          <h1>{name}</h1>
        </>
      )
    }
`,
}

/** @returns the project, whose folder `SITE_NEXTJS` has to be */
export async function buildNextjsApp(): Promise<InstalledProject> {
  const project = await installProject(['next@16', 'react@19', 'react-dom@19'])
  await project.write(files)
  await project.run('next', ['build'], { NEXT_TELEMETRY_DISABLED: '1' })
  return project
}

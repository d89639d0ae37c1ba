/** Finds the documents, in a form that opens from a terminal. */

export interface Manifest {
  readonly version: string
  readonly homepage?: string
  readonly repository?: string | { readonly url: string }
}

/**
 * The address of a page: in the repository at this version, or on the documents' own site, or, while the package names neither, the file in the
 * package.
 *
 * @param page a file of `docs`, perhaps with a fragment
 */
export function manualPage({ version, homepage, repository }: Manifest, page: string): string {
  const url = (typeof repository === 'string' ? repository : repository?.url)
    ?.replace(/^git\+/, '')
    .replace(/\.git$/, '')
  if (url?.startsWith('https://')) return `${url}/blob/v${version}/docs/${page}`
  if (homepage?.startsWith('https://'))
    return `${homepage.replace(/\/$/, '')}/${page.replace(/\.md(?=#|$)/, '')}`
  return `docs/${page}`
}

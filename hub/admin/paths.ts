/** The paths of the admin pages, below the hub's origin. */
export const paths = {
  sessions: '/admin',
  signIn: '/admin/sign-in',
  signOut: '/admin/sign-out',
  end: '/admin/end',
  endSelected: '/admin/end-selected',
  endSubject: '/admin/end-subject',
  endFound: '/admin/end-found',
  audit: '/admin/audit',
  api: '/admin/api',
} as const

/** The paths of the pages for the sites in the store, if it has any. */
export const sitePaths = {
  sites: '/admin/sites',
  add: '/admin/sites/add',
  change: '/admin/sites/change',
  turn: '/admin/sites/turn',
  prove: '/admin/sites/prove',
  rotate: '/admin/sites/rotate-keys',
  remove: '/admin/sites/remove',
} as const

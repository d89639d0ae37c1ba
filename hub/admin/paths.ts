/** Where the admin pages are, below the hub's origin. */
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

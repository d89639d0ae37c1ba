// Next.js must not bundle the package, which finds its files beside itself.
export default { serverExternalPackages: ['session-hub'] }

// Package console serves the web console: files that Vite built from app/ into dist/app,
// embedded in the binary.
//
// Handler answers GET and HEAD for everything outside /api. Files with a hash in their name
// may be kept for ever and go out as brotli or gzip, compressed at build time; every other
// path that a browser opens gets the one page, with a nonce of its own for the content security
// policy. The console speaks to control only through the public API, so this
// package knows nothing of it.
//
// A binary built without Node has no console: then Built is false and Handler serves a page
// that says so.
package console

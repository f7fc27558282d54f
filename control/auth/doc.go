// Package auth decides who a caller of the API is and what the role allows.
//
// Callers show a bearer token: 256 random bits, of which only a SHA-256 is stored.
// A plain hash is enough because nobody can guess such a token; passwords, which
// people choose, will not be kept this way. A revoked or expired token is refused
// from the next request on: every request asks the store.
package auth

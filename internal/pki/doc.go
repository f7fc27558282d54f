// Package pki makes the certificates by which parts of one installation know each
// other: an authority of the installation's own, and server certificates from it.
//
// Promises:
//   - An Authority is a secret to be kept (Marshal) and read back (Parse); its public
//     half (PEM) may go anywhere.
//   - A Server has a valid certificate at every handshake: it makes itself another long
//     before the old one ends, without a restart.
//   - Everything here speaks TLS 1.3 or later: both ends are ours.
//   - Clocks may be off: certificates begin two days before they are made.
//
// It opens no file and no socket; node does.
package pki

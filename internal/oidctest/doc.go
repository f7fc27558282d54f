// Package oidctest runs an OpenID Connect provider for tests: a process of its own, the
// test binary started again, that speaks the protocol over HTTP with standard library
// cryptography. What it signs can be made wrong in every way that a client must notice.
//
// A test package calls Main first in its TestMain.
package oidctest

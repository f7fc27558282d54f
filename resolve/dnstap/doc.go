// Package dnstap sends what a resolver has answered to a collector: dnstap messages
// (dnstap.info, protocol buffers) in Frame Streams over a Unix socket or TCP.
//
// The encoding is our own, some hundred lines without allocation: the public Go
// library is of 2021 and pulls old dependencies in; it reads what we write in the tests.
package dnstap

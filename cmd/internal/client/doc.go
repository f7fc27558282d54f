// Package client speaks Meridian's public HTTP API for the command line: one
// request and its JSON answer, lists page by page, and the event stream.
//
// A refusal of the server comes back as *Problem with the server's own words; a
// server that cannot be reached as *Unreachable, whose text says what to try. A
// Client is safe for concurrent use.
package client

// Package api is the HTTP face of control: /api/v1, its OpenAPI 3.1 document, a
// readable page of it, and the event stream.
//
// Every request but for the two documents shows a bearer token. Bodies are held to
// the schema's structure first (unknown fields, wrong types, each with its path),
// then to the rules of package traffic. Every error is a problem document of RFC 9457
// with a stable code; only this package writes text that outsiders read, and an
// internal error shows them a number to ask about, never its cause.
//
// Handler returns an http.Handler; package node owns the server, its listeners and
// its time limits, and should cancel the requests' base context when it drains,
// which ends the event streams.
package api

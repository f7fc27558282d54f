// Package dnswire reads DNS queries and writes DNS responses without
// allocating.
//
// A worker owns one [Query] and one [Response] for its life and uses them for
// every packet. [Query.Parse] reads a request; [Response.Begin] starts the
// answer to it in the caller's buffer, the Append methods add whole RRsets or
// nothing, and [Response.Finish] completes header and OPT.
//
// The package knows the wire and nothing of zones, sockets or steering. Names
// pass through it as wire-form byte slices: length-prefixed labels ending in
// the root label; where a name is used as a key it is lower-cased (RFC 4343).
//
// Nothing here is safe for concurrent use; slices handed out point into the
// Query or the request and live until the next Parse.
package dnswire

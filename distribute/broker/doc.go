// Package broker runs the NATS server that lives inside meridian, and makes the
// credentials by which nodes may use it.
//
// Promises:
//   - No listening socket unless Options.Listen asks for one: the all-in-one talks to
//     it in process, over the same client code as a node on another machine.
//   - Every connection is authenticated. A node may read the configuration and speak
//     only for itself (see permissions.go); only control may write to a stream.
//   - Every acknowledged message is on disk (sync always). Still nothing here is the
//     store of record: delete Options.Dir and control publishes it all again.
//   - It takes no signals, writes no file outside Dir, and logs to slog.
//
// Called by node only. With an external NATS cluster this package is not started;
// Token, Permissions and NewUser serve there too.
package broker

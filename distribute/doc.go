// Package distribute carries configuration to the nodes and runtime state between
// them, over NATS.
//
// The sub-packages carry configuration: codec is its form, stream its place in
// JetStream, publish control's side, follow a node's, broker the embedded server.
// This package holds the connection and the plain-subject conversations:
//
//   - Bus: publish, subscribe, request, reply, for the layers that may not know NATS.
//   - Reporter and Roster: what every node says about itself, and who has been heard.
//   - CurrentsNode and CurrentsControl: the current members of non-preemptive policies.
//
// Promises: a plain message may be lost, doubled or late, never changed; whatever
// must survive that (currents) is repaired by comparison, not by retries. Nothing
// here is on the path of a DNS packet, and nothing here stops answers when NATS,
// control or every other node is gone (design D5).
package distribute

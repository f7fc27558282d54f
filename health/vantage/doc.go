// Package vantage runs the probes of one place and publishes what it finds.
//
// It publishes changes in numbered batches and a heartbeat each second, and answers
// requests for its whole state; it keeps nothing on disk, since a restarted vantage
// votes only after its first full evaluation.
//
// It speaks up only when it trusts itself. A fault of its own machine is no vote. A
// failure that might as well be its own network's is published only with proof that
// the network works: another target that answered meanwhile. When the proof fails,
// the vantage declares itself isolated and abstains until targets answer again.
//
// Of several processes with one id, one is active and the others stand by.
package vantage

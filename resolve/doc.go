// Package resolve is the resolution layer: it turns the configuration and the
// verdicts into a view and answers DNS queries from it.
//
// A State is written by one caller at a time and read by any number of workers,
// which load its view once per batch of packets and take no lock. Configuration
// arrives as revisions that become visible whole, with one pointer swap; health
// replaces single plans in place. The package knows no SQL, no HTTP and no NATS:
// node hands it changes, verdicts and maps.
package resolve

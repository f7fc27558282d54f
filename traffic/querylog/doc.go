// Package querylog is what is told of single queries: the record that a resolver makes
// of one, the filter of who looks, and the messages in which control asks a resolver for
// them. Clients' addresses are personal data, so a record holds the client's network
// unless somebody asked for more.
package querylog

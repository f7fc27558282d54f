// Package control is the layer that holds the declared configuration: it plans
// change sets, commits them as numbered revisions and answers what stands.
//
// A Service keeps the Model in memory beside the store that is the truth. Every
// change goes one way: a ChangeSet is laid over the Model as a draft, checked by the
// rules of package traffic, given its zone serials, and committed to the store
// together with its revision; only then the Model in memory moves. What fails on
// the way leaves both untouched. Several processes may share one PostgreSQL: each
// catches up with the others' revisions before it commits its own.
//
// Change sets that wait at the same time share a database transaction; each is still a
// revision of its own. What only one of several processes may do runs under a lease.
//
// The sub-packages are store (rows and revisions), backup (their file form), auth (who may) and api (HTTP).
// Other layers reach in only through small interfaces: the publisher reads the store's
// Head, Revisions and Load; what is live (health, nodes) comes in through Live, which
// node implements.
package control

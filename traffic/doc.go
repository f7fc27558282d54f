// Package traffic holds the words of Meridian: plain data types for every object
// that a user declares, the rules each must keep, and the Model that indexes them.
//
// Everything here is pure: no clock, no network, no disk, no goroutine. Objects are
// immutable once they are in a Model; to change one, put another in its place
// through a Draft. The same types are the file format, the API's bodies, the
// stored form and what travels to the nodes, so a field has one name everywhere.
//
// The rules that decide answers live in the sub-packages: steer (policies),
// verdict (health), line (locations).
package traffic

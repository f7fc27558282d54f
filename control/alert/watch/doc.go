// Package watch finds what alerts are about: in the health of what is configured, in
// nodes and vantages, and in the numbers of queries. Its functions are plain: each takes
// one moment and returns the complete set of what is wrong at it.
package watch

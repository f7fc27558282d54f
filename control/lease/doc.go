// Package lease lets one of several control processes do what only one may do.
//
// A Keeper holds a lease of the store for terms that it renews well before their end.
// Lead runs a function during each term, under a context that ends when the term does.
// The end is judged by this process's own monotonic clock, which starts before the
// database's does: the function is told to stop before another process can begin.
// A function that does not stop in time is still harmless: the context carries the
// term's fence, and the store commits nothing under a term that another has followed.
package lease

// Package zone holds the zones in the form that queries are answered from, and
// the rules of authority: longest apex, zone cuts, wildcards, DNAME, CNAME
// chains, NODATA and NXDOMAIN.
//
// A [View] never changes. [View.Edit] begins the next one, which shares all that
// an edit does not touch; the caller publishes it by an atomic pointer. Readers
// take no locks and may keep a view for as long as a batch of packets takes.
//
// Both are generic over S, what the caller attaches to an access domain. This
// package stores the pointer, finds it again and never looks inside.
//
// Per query nothing is allocated: a worker owns a [Responder], whose steps write
// through [dnswire.Response]. The responder answers all ordinary records itself;
// where a name is steered, [View.Lookup] says [Steered] and the caller takes the
// step in its own loop.
package zone

// Package publish is control's side of distribution: it puts every committed
// revision into the log stream, signed, and a snapshot beside it often enough that
// no node has to read far.
//
// Promises:
//   - The log holds revisions in chain order, each whole before the next, however many
//     publishers run: every write names the sequence it follows, and who loses that
//     race looks again. A lost acknowledgement is found the same way, so nothing is
//     ever published twice.
//   - The log always reaches back to the latest snapshot. A node therefore needs one
//     snapshot and what follows, at most.
//   - The store decides. Streams that are gone, of an older epoch, or not on the
//     store's chain are made anew. A stream of a newer epoch than the store's is left
//     alone, with an alarm: then this store is the one that is out of date.
package publish

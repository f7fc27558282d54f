// Package follow is a node's side of distribution: the last good configuration on its
// disk, and what control has published since.
//
// Promises:
//   - Boot needs no network. What it finds on disk it has verified: signatures, chain,
//     content. Damaged files are an alarm and count as absent.
//   - Apply sees every configuration whole, in chain order, each exactly once or as
//     part of a newer one. Equal positions mean equal configuration, whether it came as
//     single revisions, as a snapshot, or over restarts.
//   - What is not signed by a trusted key, not on the chain, or of a format that this
//     release does not know changes nothing; it raises an alarm. A higher epoch is
//     adopted although its revision be lower; a lower one never.
//   - Nothing that happens to control, NATS or the disk ends Run, and none of it takes
//     the configuration away: a full disk is an alarm, and the node goes on in memory.
//
// Apply is called from Boot and Run only, never at the same time. Position, Alarms
// and Keys may be called from anywhere.
package follow

// Package stream knows where things lie in JetStream: names, subjects, limits, and
// the few ways in which they are read and written. Publisher and follower share it,
// so that they cannot disagree.
//
//	MERIDIAN_LOG   meridian.log.<epoch>.<revision>.<part>   revisions, in chain order
//	MERIDIAN_SNAP  meridian.snap.head                       header of the latest snapshot
//	               meridian.snap.part.<set>.<part>          its parts
//	               meridian.snap.keys.<serial>              key rotations
//	MERIDIAN_BLOB  meridian.blob.<sha256>.<chunk>           location maps
//
// and one plain subject, meridian.config.head, on which control says what the newest
// position is (Head). It is a hint and unsigned: all it can do is make a node look.
//
// Everything here can be lost and is published again (design D3).
package stream

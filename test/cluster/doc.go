// Package cluster tests installations: several processes of the real program, real
// sockets, real kills.
//
// The program is built once. Every test has loopback addresses of its own
// (127.BLOCK.TEST.NODE), so fixed ports never meet and a process comes back where it
// was. Tests assert order and outcome; how long something took is only written down,
// and held to its bound, by `make evidence` (MERIDIAN_EVIDENCE names the record),
// which also runs the long form of each test.
package cluster

// Package geo makes the location map: it fetches and reads address data, lays
// the curated operator lists over them, checks the result and puts it in place
// of the one before.
//
// A geo folder holds:
//
//	own/*.mmdb           the operator's own place files, first in order, flat or GeoIP2 layout
//	own/asn-ipv4.csv     the operator's own AS table instead of the fetched one (also asn-ipv6.csv)
//	lists/*.csv          the operator's own lists: isp|cloud|search, code, network or AS number
//	npm/…                what Update fetched
//	locations.map        the compiled map, see package line
//	locations.prev.map   the one before
//	report.json          how locations.map was made
//
// [Update] fetches, compiles and swaps; [Compile] only compiles; [Open] reads
// the compiled map, and gives the empty map while there is none, so that a
// server without data works with default and custom lines.
//
// The map in place is only ever replaced whole, by a rename, after it passed
// [Rules]; every failure leaves the old one. Functions may be called at any time
// by any number of processes; updates of one folder wait for each other.
//
// Where the data come from, what they are worth and why the rules are as they
// are: DESIGN.md.
package geo

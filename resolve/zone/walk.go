package zone

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/meridian-gtm/meridian/resolve/dnswire"
)

// Walk is the scratch of one lookup: the name, where its labels begin and the
// hash of each of its suffixes. A worker reuses one; it needs no reset.
type Walk struct {
	labels int                           // of the name, the root label left out
	length int                           // octets of the name, the root label included
	begin  [dnswire.MaxLabels + 1]uint8  // offset of the suffix with k labels, at index labels-k
	hash   [dnswire.MaxLabels + 1]uint64 // hash of the suffix with k labels, at index k
	name   [dnswire.MaxName]byte         // lower case
}

// seed keeps a stranger from choosing names that share a probe sequence.
var seed = rand.Uint64()

// set takes a valid wire name and hashes all its suffixes in one pass from the
// root side, so that each step up or down the tree costs one probe.
func (w *Walk) set(name []byte) {
	n := 0
	for pos := 0; ; {
		w.begin[n] = uint8(pos)
		l := int(name[pos])
		w.name[pos] = name[pos]
		if l == 0 {
			w.length = pos + 1
			break
		}
		for i := pos + 1; i <= pos+l; i++ {
			c := name[i]
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			w.name[i] = c
		}
		pos += l + 1
		n++
	}
	w.labels = n
	h := seed
	w.hash[0] = h
	end := w.begin[n]
	for k := 1; k <= n; k++ {
		start := w.begin[n-k]
		h = hashLabel(h, w.name[start:end])
		w.hash[k] = h
		end = start
	}
}

// suffix returns the name's last k labels in wire form.
func (w *Walk) suffix(k int) []byte { return w.name[w.begin[w.labels-k]:w.length] }

const (
	mult1 = 0x9E3779B97F4A7C15
	mult2 = 0xD6E8FEB86659FD93
)

// wildLabel is the leftmost label of a wildcard name (RFC 4592 §2.1.1).
var wildLabel = []byte{1, '*'}

// hashLabel extends the hash of a name by the label in front of it; b begins
// with the label's length octet.
func hashLabel(h uint64, b []byte) uint64 {
	for len(b) >= 8 {
		h = fold(h^binary.LittleEndian.Uint64(b), mult1)
		b = b[8:]
	}
	tail := uint64(len(b)) << 56
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return fold(h^tail, mult2)
}

// inZone mixes the zone into a name's hash: each zone has its own names.
func inZone(h uint64, zone uint32) uint64 { return fold(h+uint64(zone)*mult2, mult1) }

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

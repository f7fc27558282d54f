package stat

import (
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
	"time"
)

// Sketch is how latencies are spread: how many fell into each of the buckets of four
// to an octave, so a quantile is off by at most 13 %. It is a few octets for the few
// values of a minute, and sketches of any length of time add up.
type Sketch []Bucket

// Bucket is one step of a Sketch; they stand in rising order of At.
type Bucket struct {
	At    uint8
	Count uint32
}

// maxBucket is that of 2^36 µs, 19 hours; no probe lasts so long.
const maxBucket = 36 * 4

func bucketOf(d time.Duration) uint8 {
	us := uint64(max(d.Microseconds(), 4))
	e := bits.Len64(us) - 1
	return uint8(min(e*4+int(us>>(e-2)&3), maxBucket))
}

// middle is the value in the middle of a bucket.
func middle(at uint8) time.Duration {
	e, quarter := int(at/4), int64(at%4)
	if e < 2 {
		return 0
	}
	low := (4 + quarter) << (e - 2)
	return time.Duration(low+(1<<(e-2))/2) * time.Microsecond
}

// Add counts one latency.
func (s *Sketch) Add(d time.Duration) { s.add(Bucket{bucketOf(d), 1}) }

// Merge adds all of another sketch.
func (s *Sketch) Merge(o Sketch) {
	for _, b := range o {
		s.add(b)
	}
}

func (s *Sketch) add(b Bucket) {
	i, found := slices.BinarySearchFunc(*s, b.At, func(x Bucket, at uint8) int { return int(x.At) - int(at) })
	if !found {
		*s = slices.Insert(*s, i, b)
		return
	}
	(*s)[i].Count = plus((*s)[i].Count, b.Count)
}

// Quantile returns the latency that a share of q (0 to 1) did not exceed, 0 of none.
func (s Sketch) Quantile(q float64) time.Duration {
	total := uint64(0)
	for _, b := range s {
		total += uint64(b.Count)
	}
	want := q * float64(total)
	sum := 0.0
	for _, b := range s {
		if sum += float64(b.Count); sum >= want {
			return middle(b.At)
		}
	}
	return 0
}

// AppendTo appends the form in which it is stored: for each bucket its place and its
// count as a varint.
func (s Sketch) AppendTo(b []byte) []byte {
	for _, e := range s {
		b = binary.AppendUvarint(append(b, e.At), uint64(e.Count))
	}
	return b
}

var errSketch = errors.New("sketch of latencies cannot be read")

// ParseSketch reads what AppendTo writes.
func ParseSketch(b []byte) (Sketch, error) {
	var out Sketch
	for len(b) > 0 {
		at := b[0]
		n, size := binary.Uvarint(b[1:])
		if size <= 0 || n == 0 || n > 1<<32-1 || at > maxBucket || len(out) > 0 && out[len(out)-1].At >= at {
			return nil, errSketch
		}
		out = append(out, Bucket{at, uint32(n)})
		b = b[1+size:]
	}
	return out, nil
}

package plan

import "math/bits"

// Rand is a small generator of one worker (wyrand's step): shares are statistics,
// not secrets, and a query must not pay for more. Not safe for concurrent use.
type Rand struct{ state uint64 }

// NewRand returns a generator; give each worker another, random seed.
func NewRand(seed uint64) *Rand { return &Rand{state: seed} }

// Uint64 returns 64 evenly spread bits.
func (r *Rand) Uint64() uint64 {
	r.state += 0xa0761d6478bd642f
	hi, lo := bits.Mul64(r.state, r.state^0xe7037ed1a0b428db)
	return hi ^ lo
}

// Uint32n returns a number in [0, n), n > 0. The bias of the multiplication is
// below n/2^64, far under anything a share could show.
func (r *Rand) Uint32n(n uint32) uint32 {
	hi, _ := bits.Mul64(r.Uint64(), uint64(n))
	return uint32(hi)
}

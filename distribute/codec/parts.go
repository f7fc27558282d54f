package codec

import (
	"bytes"
	"crypto/sha256"
	"fmt"

	"github.com/meridian-gtm/meridian/traffic"
)

// Part is one message of an envelope, as received: nothing of it is checked yet but
// its form.
type Part struct {
	Kind     Kind
	Position traffic.Position
	Index    int // from 0
	Count    int // at least 1

	head *Sealed
	data []byte
}

// DecodePart reads one of the messages that Parts made. The part keeps b.
func DecodePart(b []byte) (Part, error) {
	s, part, parts, data, err := decode(b)
	if err != nil {
		return Part{}, err
	}
	if parts != s.Count() || part >= parts || len(data) != partLen(s.info.payloadSize, part) {
		return Part{}, fmt.Errorf("read part %d of %d of %s %s: %w", part, parts, s.Kind, s.Position, ErrDamaged)
	}
	return Part{Kind: s.Kind, Position: s.Position, Index: part, Count: parts, head: s, data: data}, nil
}

// Set names the envelope that the part belongs to.
func (p Part) Set() string { return p.head.Set() }

// Last reports whether no part follows.
func (p Part) Last() bool { return p.Index == p.Count-1 }

// Verify checks the signature of the part's header; it says nothing about the data.
func (p Part) Verify(keys *Keys) error { return keys.verify(p.head) }

// PositionOf reads the position of an envelope that was checked before.
func PositionOf(b []byte) (traffic.Position, error) {
	s, _, _, _, err := decode(b)
	if err != nil {
		return traffic.Position{}, err
	}
	return s.Position, nil
}

func partLen(size uint64, part int) int {
	return int(min(size, uint64(part+1)*PartSize) - min(size, uint64(part)*PartSize))
}

// Assembler puts parts together again, in whatever order and however often they
// come. Of unfinished sets it keeps at most two: the one being received and the
// one that a second publisher may be sending at the same time.
type Assembler struct {
	// Keys are asked for every part before it is kept. Nil leaves that to whoever calls
	// Add: a signature costs 60 µs, as much as all else that is done with a small revision.
	Keys *Keys

	open []*set // oldest first
}

type set struct {
	id    setID
	head  *Sealed
	parts [][]byte
	have  int
}

type setID struct {
	kind Kind
	pos  traffic.Position
	hash [sha256.Size]byte
}

const maxOpen = 2

// Add takes one part and returns the whole once it is complete, else nil. It keeps
// the part's bytes. A whole that does not hash to what was signed is ErrDamaged, and
// its parts are forgotten, so that sending it again helps.
func (a *Assembler) Add(p Part) (*Sealed, error) {
	if a.Keys != nil {
		if err := p.Verify(a.Keys); err != nil {
			return nil, err
		}
	}
	id := setID{p.Kind, p.Position, p.head.info.payloadHash}
	at := -1
	for i, s := range a.open {
		if s.id == id {
			at = i
		}
	}
	if at < 0 {
		if len(a.open) == maxOpen {
			a.open = append(a.open[:0], a.open[1:]...)
		}
		a.open = append(a.open, &set{id: id, head: p.head, parts: make([][]byte, p.Count)})
		at = len(a.open) - 1
	}
	s := a.open[at]
	if s.parts[p.Index] == nil {
		s.have++
	}
	s.parts[p.Index] = p.data
	if s.have < len(s.parts) {
		return nil, nil
	}
	a.open = append(a.open[:at], a.open[at+1:]...)
	whole := *s.head
	whole.payload = s.parts[0]
	if len(s.parts) > 1 {
		whole.payload = bytes.Join(s.parts, nil)
	}
	if sha256.Sum256(whole.payload) != whole.info.payloadHash {
		return nil, fmt.Errorf("assemble %s %s: payload: %w", whole.Kind, whole.Position, ErrDamaged)
	}
	return &whole, nil
}

// Reset forgets every unfinished set.
func (a *Assembler) Reset() { a.open = nil }

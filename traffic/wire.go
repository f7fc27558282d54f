package traffic

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// wireChange is one object as it travels: its body, or null for a deletion.
type wireChange struct {
	Kind Kind            `json:"kind"`
	Name string          `json:"name"`
	Body json.RawMessage `json:"body"`
}

// EncodeChanges writes the form of a change set that is hashed, stored and sent:
// a JSON array in the given order. Equal change sets give equal bytes.
func EncodeChanges(changes []Change) []byte {
	list := make([]wireChange, len(changes))
	for i, c := range changes {
		list[i] = wireChange{Kind: c.Key.Kind, Name: c.Key.Name, Body: json.RawMessage("null")}
		if c.After != nil {
			list[i].Body = Encode(c.After)
		}
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(fmt.Sprintf("encode changes: %v", err)) // plain data always encodes
	}
	return b
}

// DecodeChanges reads what EncodeChanges wrote. A kind this release does not know is
// an error: leaving it out would give wrong answers without a word.
func DecodeChanges(b []byte) ([]Change, error) {
	var list []wireChange
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("decode changes: %w", err)
	}
	out := make([]Change, len(list))
	for i, w := range list {
		k := Key{w.Kind, w.Name}
		out[i].Key = k
		if New(w.Kind) == nil {
			return nil, fmt.Errorf("decode changes: kind %q is unknown to this release", w.Kind)
		}
		if len(w.Body) == 0 || string(w.Body) == "null" {
			continue
		}
		o, err := Decode(w.Kind, w.Body)
		if err != nil {
			return nil, fmt.Errorf("decode changes: %s: %w", k, err)
		}
		if o.Key() != k {
			return nil, fmt.Errorf("decode changes: body of %s is that of %s", k, o.Key())
		}
		out[i].After = o
	}
	return out, nil
}

// All returns the whole model as puts in reference order: the content of a snapshot.
func (m *Model) All() []Change {
	var out []Change
	for _, k := range Kinds {
		for _, n := range m.Names(k) {
			out = append(out, Change{Key: Key{k, n}, After: m.objects[k][n]})
		}
	}
	return out
}

// Position says exactly which configuration a node holds: equal positions mean
// equal configuration (design D3). A higher epoch always wins, whatever its revision.
type Position struct {
	Epoch    uint64 `json:"epoch"`
	Revision uint64 `json:"revision"`
	Chain    Hash   `json:"chain"`
}

// Before reports whether q is newer than p.
func (p Position) Before(q Position) bool {
	return p.Epoch < q.Epoch || p.Epoch == q.Epoch && p.Revision < q.Revision
}

func (p Position) String() string {
	return fmt.Sprintf("%d.%d.%s", p.Epoch, p.Revision, hex.EncodeToString(p.Chain[:4]))
}

// Next returns the position after one more revision with the given encoded changes.
// Its hash covers all that led there.
func (p Position) Next(changes []byte) Position {
	n := Position{Epoch: p.Epoch, Revision: p.Revision + 1}
	body := sha256.Sum256(changes)
	h := sha256.New()
	h.Write([]byte("meridian/revision/v1"))
	h.Write(p.Chain[:])
	var num [16]byte
	binary.BigEndian.PutUint64(num[:8], n.Epoch)
	binary.BigEndian.PutUint64(num[8:], n.Revision)
	h.Write(num[:])
	h.Write(body[:])
	h.Sum(n.Chain[:0])
	return n
}

// Hash is a SHA-256, hexadecimal in every outer form.
type Hash [sha256.Size]byte

// MarshalText implements encoding.TextMarshaler.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *Hash) UnmarshalText(b []byte) error {
	raw, err := hex.DecodeString(string(b))
	if err != nil || len(raw) != len(h) {
		return fmt.Errorf("%q is not a SHA-256 in hexadecimal", b)
	}
	copy(h[:], raw)
	return nil
}

package zone

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/meridian-gtm/meridian/internal/rr"
	"github.com/meridian-gtm/meridian/resolve/dnswire"
)

// ErrNoZone says that an edit names a zone that is not in the view.
var ErrNoZone = errors.New("no such zone")

// generations numbers the edits, so that each knows the copies it made itself.
var generations atomic.Uint64

// Edit makes the next view. It copies the shards, nodes and zones that it
// touches, once each; all else is shared with the view it began from, which stays
// valid. One goroutine at a time; after Done it must not be used.
type Edit[S any] struct {
	view *View[S]
	gen  uint64
	dead map[uint32]bool // zones whose nodes Done sweeps out
	walk Walk
}

// Edit begins a view that starts out equal to v.
func (v *View[S]) Edit() *Edit[S] {
	next := *v
	return &Edit[S]{view: &next, gen: generations.Add(1), dead: map[uint32]bool{}}
}

// Done returns the new view.
func (e *Edit[S]) Done() *View[S] {
	if len(e.dead) > 0 {
		e.sweep()
	}
	v := e.view
	e.view = nil
	return v
}

// PutZone adds a zone or replaces all its ordinary records. Attachments at the
// zone's names stay. An error leaves the edit as it was, here and below.
func (e *Edit[S]) PutZone(d *Data) error {
	hasSOA := false
	for _, n := range d.Names {
		if err := checkSets(d.Apex, n.Name, n.Sets); err != nil {
			return fmt.Errorf("put zone %s: %s: %w", rr.NameText(d.Apex), rr.NameText(n.Name), err)
		}
		hasSOA = hasSOA || dnswire.EqualFold(n.Name, d.Apex) && slices.ContainsFunc(n.Sets, validSOA)
	}
	if !hasSOA {
		return fmt.Errorf("put zone %s: no SOA record", rr.NameText(d.Apex))
	}
	z := e.zone(d.Apex)
	if z == nil {
		z = e.addZone(d.Apex)
	} else {
		keep := make(map[string]bool, len(d.Names))
		for _, n := range d.Names {
			keep[string(n.Name)] = true
		}
		for _, name := range e.namesOf(z.id) {
			if !keep[string(name)] {
				e.put(z, name, nil)
			}
		}
	}
	for _, n := range d.Names {
		e.put(z, n.Name, slices.Clone(n.Sets))
	}
	return nil
}

// DeleteZone removes a zone with its records and attachments. Names of a hosted
// zone above it that it hid are seen again.
func (e *Edit[S]) DeleteZone(apex []byte) error {
	z := e.zone(apex)
	if z == nil {
		return fmt.Errorf("delete zone %s: %w", rr.NameText(apex), ErrNoZone)
	}
	e.dead[z.id] = true
	e.walk.set(apex)
	h := inZone(e.walk.hash[z.labels], 0)
	e.shard(h).remove(h, e.view.find(&e.walk, z.labels, 0))
	e.view.zones--
	if e.view.counts[z.labels]--; e.view.counts[z.labels] == 0 {
		e.view.depths[z.labels/64] &^= 1 << (z.labels % 64)
	}
	return nil
}

// PutSets replaces the ordinary records of one name; no sets removes them. The
// sets belong to the view from then on.
func (e *Edit[S]) PutSets(apex, name []byte, sets []RRset) error {
	z := e.zone(apex)
	if z == nil {
		return fmt.Errorf("put records of %s: zone %s: %w", rr.NameText(name), rr.NameText(apex), ErrNoZone)
	}
	if err := checkSets(apex, name, sets); err != nil {
		return fmt.Errorf("put records of %s: %w", rr.NameText(name), err)
	}
	if dnswire.EqualFold(name, apex) && !slices.ContainsFunc(sets, validSOA) {
		return fmt.Errorf("put records of %s: the apex needs its SOA record", rr.NameText(name))
	}
	e.put(z, name, slices.Clone(sets))
	return nil
}

// Attach sets the attachment of one kind at a name, which makes the name exist;
// nil takes it away and gives the zone's own records back.
func (e *Edit[S]) Attach(apex, name []byte, kind int, s *S) error {
	z := e.zone(apex)
	if z == nil {
		return fmt.Errorf("attach to %s: zone %s: %w", rr.NameText(name), rr.NameText(apex), ErrNoZone)
	}
	if !within(name, apex) {
		return fmt.Errorf("attach to %s: outside zone %s", rr.NameText(name), rr.NameText(apex))
	}
	e.walk.set(name)
	if s == nil && e.view.find(&e.walk, e.walk.labels, z.id) == nil {
		return nil
	}
	e.ensure(e.walk.labels, z).Steer[kind] = s
	e.release(e.walk.labels, z)
	return nil
}

// within reports whether name is apex or below it.
func within(name, apex []byte) bool {
	for len(name) > len(apex) {
		name = name[name[0]+1:]
	}
	return dnswire.EqualFold(name, apex)
}

// zone returns the zone with that apex as one that this edit may change, or nil.
func (e *Edit[S]) zone(apex []byte) *Zone {
	e.walk.set(apex)
	n := e.view.find(&e.walk, e.walk.labels, 0)
	if n == nil {
		return nil
	}
	if n.zone.gen != e.gen {
		own := *n.zone
		own.gen = e.gen
		entry := *n
		entry.zone = &own
		h := inZone(e.walk.hash[e.walk.labels], 0)
		e.shard(h).put(h, &entry)
		return &own
	}
	return n.zone
}

func (e *Edit[S]) addZone(apex []byte) *Zone {
	e.walk.set(apex)
	k := e.walk.labels
	z := &Zone{Apex: bytes.Clone(e.walk.suffix(k)), id: e.view.nextID, labels: k, gen: e.gen}
	e.view.nextID++
	e.view.zones++
	e.view.counts[k]++
	e.view.depths[k/64] |= 1 << (k % 64)
	h := inZone(e.walk.hash[k], 0)
	e.shard(h).put(h, &Node[S]{Name: z.Apex, zone: z, gen: e.gen})
	return z
}

// put replaces the sets of a name in z and keeps what depends on them.
func (e *Edit[S]) put(z *Zone, name []byte, sets []RRset) {
	e.walk.set(name)
	k := e.walk.labels
	if len(sets) == 0 && e.view.find(&e.walk, k, z.id) == nil {
		return
	}
	slices.SortFunc(sets, func(a, b RRset) int { return cmp.Compare(a.Type, b.Type) })
	n := e.ensure(k, z)
	was := n.cut || n.dname
	n.Sets = sets
	// A wildcard's NS makes no cut: RFC 4592 §4.2 leaves its meaning open, and
	// answering it like any other type is the harmless reading.
	n.cut = k > z.labels && n.Set(dnswire.TypeNS) != nil && !bytes.HasPrefix(n.Name, wildLabel)
	n.dname = n.Set(dnswire.TypeDNAME) != nil
	switch is := n.cut || n.dname; {
	case is && !was:
		z.cuts++
	case was && !is:
		z.cuts--
	}
	if k == z.labels {
		if soa := n.Set(dnswire.TypeSOA); soa != nil && validSOA(*soa) {
			rdata := soa.RData[0]
			z.SOA, z.SOATTL = rdata, soa.TTL
			z.Serial = binary.BigEndian.Uint32(rdata[len(rdata)-20:])
			z.Minimum = binary.BigEndian.Uint32(rdata[len(rdata)-4:])
		}
	}
	e.release(k, z)
}

// checkSets holds what the packet path relies on. The rules of good zones are
// BuildZone's.
func checkSets(apex, name []byte, sets []RRset) error {
	if n, ok := dnswire.NameLen(name); !ok || n != len(name) {
		return errors.New("not a wire name")
	}
	if !within(name, apex) {
		return fmt.Errorf("outside zone %s", rr.NameText(apex))
	}
	for _, s := range sets {
		if len(s.RData) == 0 {
			return fmt.Errorf("%s without a record", rr.TypeText(s.Type))
		}
		for _, rdata := range s.RData {
			switch s.Type {
			case dnswire.TypeNS, dnswire.TypeCNAME, dnswire.TypeDNAME:
				if n, ok := dnswire.NameLen(rdata); !ok || n != len(rdata) {
					return fmt.Errorf("%s data is not a wire name", rr.TypeText(s.Type))
				}
			}
			if len(rdata) > 65535 {
				return fmt.Errorf("%s data of %d octets", rr.TypeText(s.Type), len(rdata))
			}
		}
	}
	return nil
}

// validSOA reports whether a set is one SOA record with its five numbers.
func validSOA(s RRset) bool {
	return s.Type == dnswire.TypeSOA && len(s.RData) == 1 && len(s.RData[0]) >= 22
}

// ensure returns the node of the walk's suffix of k labels as one that this edit
// may change, and makes it and the names between it and the apex exist.
func (e *Edit[S]) ensure(k int, z *Zone) *Node[S] {
	n := e.view.find(&e.walk, k, z.id)
	if n != nil && n.gen == e.gen {
		return n
	}
	if n != nil {
		own := *n
		n = &own
	} else {
		n = &Node[S]{Name: bytes.Clone(e.walk.suffix(k)), zoneID: z.id}
		e.view.nodes++
		if k > z.labels {
			e.ensure(k-1, z).children++
		}
	}
	n.gen = e.gen
	h := inZone(e.walk.hash[k], z.id)
	e.shard(h).put(h, n)
	return n
}

// release removes the name of k labels when nothing needs it any more, and then
// the empty non-terminals above it that existed only for its sake.
func (e *Edit[S]) release(k int, z *Zone) {
	for ; k > z.labels; k-- {
		n := e.view.find(&e.walk, k, z.id)
		if n == nil || !n.Empty() || n.children > 0 {
			return
		}
		h := inZone(e.walk.hash[k], z.id)
		e.shard(h).remove(h, n)
		e.view.nodes--
		e.ensure(k-1, z).children--
	}
}

// shard returns the shard of a hash as one that this edit may change.
func (e *Edit[S]) shard(h uint64) *shard[S] {
	return e.ownShard(shardOf(h))
}

func (e *Edit[S]) ownShard(i int) *shard[S] {
	s := e.view.shards[i]
	if s != nil && s.gen == e.gen {
		return s
	}
	own := newShard[S](e.gen)
	if s != nil {
		own.used, own.slots = s.used, slices.Clone(s.slots)
	}
	e.view.shards[i] = own
	return own
}

// namesOf lists the names of one zone. It reads all slots, 16 octets each, so a
// zone is replaced whole in a few milliseconds per million names; PutSets is for
// frequent changes. A list per zone would have to be copied by every edit.
func (e *Edit[S]) namesOf(zone uint32) (names [][]byte) {
	for _, s := range e.view.shards {
		if s == nil {
			continue
		}
		for i := range s.slots {
			if s.slots[i].zone == zone && s.slots[i].node != nil {
				names = append(names, s.slots[i].node.Name)
			}
		}
	}
	return names
}

// sweep rebuilds the shards that hold nodes of dead zones without them.
func (e *Edit[S]) sweep() {
	for i, s := range e.view.shards {
		if s == nil || !slices.ContainsFunc(s.slots, e.isDead) {
			continue
		}
		own := &shard[S]{gen: e.gen, slots: make([]slot[S], len(s.slots))}
		mask := uint32(len(own.slots) - 1)
		for _, sl := range s.slots {
			if sl.node == nil {
				continue
			}
			if e.isDead(sl) {
				e.view.nodes--
				continue
			}
			j := sl.hash & mask
			for own.slots[j].node != nil {
				j = (j + 1) & mask
			}
			own.slots[j] = sl
			own.used++
		}
		e.view.shards[i] = own
	}
}

func (e *Edit[S]) isDead(s slot[S]) bool { return s.node != nil && e.dead[s.zone] }

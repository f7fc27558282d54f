package control

import (
	"context"
	"slices"
	"strings"

	"github.com/meridian-gtm/meridian/control/store"
	"github.com/meridian-gtm/meridian/traffic"
)

// ChangeSet is a wish: applied whole or not at all.
type ChangeSet struct {
	// Put holds objects wholly described; a name that exists is replaced.
	Put []traffic.Object
	// Delete holds objects that must exist and shall not.
	Delete []traffic.Key
	// ReplaceRecords names zones whose record set becomes exactly the records in Put.
	ReplaceRecords []string
	// Set is the name under which Put is applied; with Prune, what was last applied
	// under it and is not in Put is deleted.
	Set   string
	Prune bool
	// If holds conditions on what stands before.
	If []Condition

	Author  string // who, as people know them
	Source  string // api, cli, console, control
	Comment string
	Remote  string // address that the request came from, "" for control itself

	// IdempotencyKey, when not empty, makes a repeat of the same request by the same
	// principal give the first one's result. Request is a hash of what was asked. The
	// principal is the author's id, "" for control itself.
	Principal      string
	IdempotencyKey string
	Request        []byte

	// Return is the object whose stored form the caller wants in the Result.
	Return traffic.Key

	// Audit, when not nil, is kept with the revision. A change set that makes none is left
	// to the caller to write down.
	Audit *store.Audit
	// Permit narrows what the author may write; nil permits everything.
	Permit Permit

	// watch sees what is planned while the model still stands as it was planned on.
	watch func(*traffic.Model, *traffic.Draft, []traffic.Change)
	// managed lets control itself set the fields that users cannot.
	managed bool
	// undo, when not nil, makes Put and Delete from history, anew for each attempt.
	undo *undo
}

// Condition holds a change to what its author has seen.
type Condition struct {
	Key traffic.Key
	// Version that the object must have; 0 means that it must exist, in any version.
	Version uint64
	// Absent means that it must not exist.
	Absent bool
}

// draft lays the change set over the ground. Rules are checked by the caller.
func (s *Service) draft(ctx context.Context, g *ground, cs *ChangeSet) (*traffic.Draft, *traffic.Report, error) {
	if err := g.check(cs.If); err != nil {
		return nil, nil, err
	}
	if cs.undo != nil {
		if err := cs.undo.fill(g.model, cs); err != nil {
			return nil, nil, err
		}
	}
	d, r := traffic.NewDraft(g.model), &traffic.Report{}
	put := make(map[traffic.Key]bool, len(cs.Put))
	for _, o := range cs.Put {
		o.Normalize()
		k := o.Key()
		if put[k] {
			r.For(k).Errorf("", "duplicate", "stands twice in this change; keep one")
		}
		put[k] = true
	}
	for _, k := range cs.Delete {
		switch {
		case put[k]:
			r.For(k).Errorf("", "duplicate", "is put and deleted in one change; decide for one")
		case g.model.Get(k) == nil:
			r.For(k).Errorf("", "not_found", "does not exist, so it cannot be deleted")
		default:
			d.Delete(k)
		}
	}
	for _, z := range cs.ReplaceRecords {
		zone, err := traffic.CanonicalName(z)
		if err != nil {
			r.For(traffic.Key{Kind: traffic.KindZone, Name: z}).Errorf("name", "invalid_name", "%q %v", z, err)
			continue
		}
		for _, k := range g.model.InZone(zone) {
			if !put[k] {
				d.Delete(k)
			}
		}
	}
	if cs.Prune {
		keys, err := s.store.InSet(ctx, cs.Set)
		if err != nil {
			return nil, nil, err
		}
		for _, k := range keys {
			if !put[k] && k.Kind != traffic.KindSettings {
				d.Delete(k)
			}
		}
	}
	for _, o := range cs.Put {
		kept, err := s.keepManaged(ctx, g, o, cs)
		if err != nil {
			return nil, nil, err
		}
		d.Put(kept)
	}
	return d, r, nil
}

func (g *ground) check(list []Condition) error {
	for _, c := range list {
		exists := g.model.Get(c.Key) != nil
		m, _ := g.meta(c.Key)
		have := m.Revision
		switch {
		case c.Absent && exists:
			return &ObjectError{Key: c.Key, Err: ErrExists, Version: have}
		case c.Absent:
		case !exists:
			return &ObjectError{Key: c.Key, Err: ErrNotFound}
		case c.Version != 0 && c.Version != have:
			return &ObjectError{Key: c.Key, Err: ErrVersion, Version: have}
		}
	}
	return nil
}

// keepManaged returns the object with the fields that only control sets taken from
// what stands: a client that sends back what it read, or less, never moves them.
func (s *Service) keepManaged(ctx context.Context, g *ground, o traffic.Object, cs *ChangeSet) (_ traffic.Object, err error) {
	switch v := o.(type) {
	case *traffic.Zone:
		c := *v
		c.Nameservers = slices.Clone(v.Nameservers)
		c.Serial = 0
		if old := g.model.Zone(v.Name); old != nil {
			c.Serial = old.Serial
		} else if last, gone := g.gone[v.Name]; gone {
			c.Serial = last
		} else if c.Serial, err = s.store.LastSerial(ctx, v.Name); err != nil { // it goes on if it comes back
			return nil, err
		}
		return &c, nil
	case *traffic.Settings:
		if cs.managed {
			return v, nil
		}
		c := *v
		c.Nameservers = slices.Clone(v.Nameservers)
		c.GeoMap = g.model.Settings().GeoMap
		return &c, nil
	}
	return o, nil
}

// Resolve finds an object by its id or its name. Domain names may be written in any
// case and script; an access domain by its name alone where that is unique; a record
// as ZONE/OWNER/TYPE.
func (s *Service) Resolve(kind traffic.Kind, ref string) (traffic.Key, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k := traffic.Key{Kind: kind, Name: ref}
	if s.model.Get(k) != nil {
		return k, nil
	}
	if byID, ok := s.ids[ref]; ok && byID.Kind == kind {
		return byID, nil
	}
	if kind == traffic.KindAccessDomain && !strings.Contains(ref, "/") {
		if c, err := traffic.CanonicalName(ref); err == nil {
			switch list := s.model.At(c); len(list) {
			case 0:
			case 1:
				return list[0].Key(), nil
			default:
				return k, &ObjectError{Key: k, Err: ErrAmbiguous}
			}
		}
	}
	if k.Name = CanonicalRef(kind, ref); s.model.Get(k) != nil {
		return k, nil
	}
	return k, &ObjectError{Key: traffic.Key{Kind: kind, Name: ref}, Err: ErrNotFound}
}

// CanonicalRef spells the name of an object as its key does, as far as its form allows.
func CanonicalRef(kind traffic.Kind, ref string) string {
	part := strings.Split(ref, "/")
	name := func(s string) string {
		if c, err := traffic.CanonicalName(s); err == nil {
			return c
		}
		return s
	}
	switch {
	case kind == traffic.KindZone:
		return name(ref)
	case kind == traffic.KindAccessDomain && len(part) == 2:
		return name(part[0]) + "/" + strings.ToUpper(part[1])
	case kind == traffic.KindRecord && len(part) == 3:
		c := traffic.Record{Zone: part[0], Name: part[1], Type: part[2]}
		// An owner below the zone is meant as it stands, with or without the final dot.
		if o := name(part[1]); traffic.IsSubdomain(o, name(part[0])) && o != "@" {
			c.Name = o + "."
		}
		c.Normalize()
		return c.Key().Name
	case kind == traffic.KindAssertion && len(part) == 2:
		typ, line, _ := strings.Cut(part[1], "@")
		a := traffic.Assertion{Name: part[0], Type: typ, Line: line}
		a.Normalize()
		return a.Key().Name
	}
	return ref
}
